// An object from names to texts that come from outside: `__proto__` is a name like any other. Its members are as fast as those of a plain
// object, which they are not in one of `Object.create(null)`.

export function createTextMap(): Record<string, string> {
  return new TextMap() as Record<string, string>
}

const TextMap = function () {} as unknown as new () => object
TextMap.prototype = Object.create(null)
