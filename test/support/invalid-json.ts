// Texts that are no JSON, of every kind that a careless writer makes; some of them stop a worker in Python for good.

export const INVALID = [
  ...['{"n":1,}', '{"n":01}', '{"n":1.}', '{"n":.5}', '{"n":+1}', '{"n":-}', '{"n":1e}', '{"n":1e+}', '{"n":0x10}'],
  ...['{"n":--1}', '{"n":1.2.3}', '{"n":tru}', '{"n":nul}', '{"n":truex}', '{"n":True}', '{"n":NaN}', '{"n":Infinity}'],
  ...['{"n":undefined}', '{a:1}', "{'a':1}", '{"a" 1}', '{"a":}', '{"a"}', '{:1}', '{,}', '{"a":1 "b":2}', '{"a"::1}'],
  ...['{"a":1,,"b":2}', '{1:2}', '[1,,2]', '[1,]', '[,1]', '[1 2]', '["a":1]', '[1}', '{]', '[[}]', '[/**/1]', '[1;2]'],
  ...['["\\x"]', '["\\u12g4"]', '["\u0001"]', '["a\nb"]', '[\u00a0]', '{"a":"b":"c"}', '[{"a":[1,{"b":}]}]', "['a']"],
] // oxfmt-ignore

/** The same within something longer, which is checked in another way. */
export const PADDED = INVALID.map((text) => `{"pad":"${'x'.repeat(120)}","list":[${text},1]}`)
