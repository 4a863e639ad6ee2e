// The grammar of cron expressions (spec 03 §7.2, check 53).
import { describe, expect, test } from 'vitest'
import { MAX_EXPRESSION_LENGTH, parseExpression, type CronFields } from '../../../plugins/cron/expression.ts'

const fields = (text: string, numbering: 'quartz' | 'unix' = 'quartz') => parseExpression(text, numbering).fields
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('53. what is refused, with the field, the text and the reason', () => {
  test.each([
    ['', 'it is empty'],
    ['   ', 'it is empty'],
    ['invalid', 'it has 1 field;'],
    ['* * * *', 'it has 4 fields; write 6 or 7'],
    ['* * * * * * * *', 'it has 8 fields'],
    ['60 * * * * *', 'second: "60" is outside of 0–59'],
    ['* 60 * * * *', 'minute: "60" is outside of 0–59'],
    ['* * 24 * * *', 'hour: "24" is outside of 0–23'],
    ['* * * 0 * *', 'day-of-month: "0" is outside of 1–31'],
    ['* * * 32 * *', 'day-of-month: "32" is outside of 1–31'],
    ['* * * * 13 *', 'month: "13" is outside of 1–12'],
    ['* * * * 0 *', 'month: "0" is outside of 1–12'],
    ['* * * * * 8', 'day-of-week: "8" is outside of 1–7'],
    ['0 0 0 1 1 * 1969', 'year: "1969" is outside of 1970–2100'],
    ['0 0 0 1 1 * 2101', 'year: "2101" is outside of 1970–2100'],
    ['*/0 * * * * *', 'second: "*/0": the step must be between 1 and 59'],
    ['*/90 * * * * *', 'second: "*/90": the step must be between 1 and 59'],
    ['* * */24 * * *', 'the step must be between 1 and 23'],
    ['* * * */32 * *', 'the step must be between 1 and 31'],
    ['* * * * */13 *', 'the step must be between 1 and 12'],
    ['* * * * * */8', 'the step must be between 1 and 7'],
    ['* * * * * * */2101', 'the step must be between 1 and 2100'],
    ['*/-1 * * * * *', 'second: "*/-1" can\'t be read'],
    ['0 0 0 * * Fri-Mon', 'day-of-week: "Fri-Mon" begins after its end; ranges don\'t wrap around'],
    ['40-10 * * * * *', 'second: "40-10" begins after its end'],
    ['0 0 0 * Dec-Jan *', 'month: "Dec-Jan" begins after its end'],
    ['0 0 0 * * Mon-6', 'day-of-week: "Mon-6" mixes a name and a number'],
    ['0 0 0 * * 2-Fri', 'mixes a name and a number'],
    ['0 0 0 * * Mon/2', '"Mon/2": a step can\'t follow a single name'],
    ['0 0 0 L * *', 'day-of-month: "L": L, W and # are not part of the grammar'],
    ['0 0 0 15W * *', '"15W": L, W and # are not part of the grammar'],
    ['0 0 0 * * 2#1', 'day-of-week: "2#1": L, W and # are not part of the grammar'],
    ['? * * * * *', 'second: "?" is for day-of-month and day-of-week only'],
    ['* * * * ? *', 'month: "?" is for day-of-month'],
    ['0 0 0 ?-5 * *', '"?-5": "?" can\'t begin a range'],
    ['*-5 * * * * *', '"*-5": "*" can\'t begin a range'],
    ['0 0 0 1 Sept *', 'month: "Sept" is no name of this field; it takes jan, january, feb'],
    ['0 0 0 * * thur', 'day-of-week: "thur" is no name'],
    ['0 0 0 * * weds', 'day-of-week: "weds" is no name'],
    ['Mon * * * * *', 'second: "Mon": this field takes numbers, no names'],
    ['0 0 0 * * Mon 20x6', 'year: "20x6" can\'t be read'],
    ['1,,2 * * * * *', 'second: "1,,2" has an empty item'],
    [',1 * * * * *', 'has an empty item'],
    ['1.5 * * * * *', 'second: "1.5" can\'t be read'],
    ['+5 * * * * *', '"+5" can\'t be read'],
    ['1-2-3 * * * * *', '"1-2-3" can\'t be read'],
    ['*/ 5 * * * * *', '"*/" can\'t be read'],
    ['@every 5s', '"@every 5s" is no shorthand; there are @yearly, @annually'],
    ['@reboot', '"@reboot" is no shorthand'],
    ['@Daily', '"@Daily" is no shorthand'],
    ['*'.repeat(MAX_EXPRESSION_LENGTH + 1), `at most ${MAX_EXPRESSION_LENGTH} are read`],
  ])('%j', (text, reason) => {
    expect(() => fields(text)).toThrow(reason)
    expect(() => fields(text)).toThrow(text.slice(0, 200))
  })
})

describe('items', () => {
  test('all of them', () => {
    expect(fields('* * * * * *')).toEqual({
      seconds: range(0, 59),
      minutes: range(0, 59),
      hours: range(0, 23),
      daysOfMonth: range(1, 31),
      months: range(1, 12),
      daysOfWeek: range(0, 6),
      years: range(1970, 2100),
    } satisfies CronFields)
  })

  test.each<[string, number[]]>([
    ['5', [5]],
    ['05', [5]],
    ['10-13', [10, 11, 12, 13]],
    ['5/15', [5, 20, 35, 50]],
    ['10-40/10', [10, 20, 30, 40]],
    ['*/20', [0, 20, 40]],
    ['59/59', [59]],
    ['30,1-2,1', [1, 2, 30]],
    ['1 , 3', [1, 3]],
    ['1 - 3', [1, 2, 3]],
    ['5 / 30', [5, 35]],
  ])('second %j', (text, values) => {
    expect(fields(`${text} * * * * *`).seconds).toEqual(values)
  })

  test.each<[string, number[]]>([
    ['Mon-Fri', [1, 2, 3, 4, 5]],
    ['MON, WED', [1, 3]],
    ['sun,tues,Thurs,saturday', [0, 2, 4, 6]],
    ['Sun-Sat/3', [0, 3, 6]],
    ['1', [0]],
    ['2-6', [1, 2, 3, 4, 5]],
    ['7', [6]],
    ['0', [0]],
    ['0-2', [0, 1]],
    ['5/2', [4, 6]],
    ['*/2', [0, 2, 4, 6]],
    ['?', [0, 1, 2, 3, 4, 5, 6]],
    ['?/3', [0, 3, 6]],
  ])('day-of-week %j counts from 1 = Sunday', (text, days) => {
    expect(fields(`0 0 0 * * ${text}`).daysOfWeek).toEqual(days)
  })

  test.each<[string, number[]]>([
    ['1-5', [1, 2, 3, 4, 5]],
    ['0', [0]],
    ['7', [0]],
    ['5-7', [0, 5, 6]],
    ['*/2', [0, 2, 4, 6]],
    ['1/2', [0, 1, 3, 5]],
    ['Mon-Fri', [1, 2, 3, 4, 5]],
  ])('day-of-week %j counts from 1 = Monday in five fields, and with dow_numbering: unix', (text, days) => {
    expect(fields(`0 0 * * ${text}`).daysOfWeek).toEqual(days)
    expect(fields(`0 0 0 * * ${text}`, 'unix').daysOfWeek).toEqual(days)
  })

  test('months by name and number', () => {
    expect(fields('0 0 0 1 jan,MARCH-May,12 *').months).toEqual([1, 3, 4, 5, 12])
    expect(fields('0 0 0 1 may-june/1 *').months).toEqual([5, 6])
  })

  test('years', () => {
    expect(fields('0 0 0 1 1 * 2027,2030-2032').years).toEqual([2027, 2030, 2031, 2032])
    expect(fields('0 0 0 1 1 * 2098/2').years).toEqual([2098, 2100])
  })

  test('five fields are second 0 and the rest', () => {
    expect(fields('0 9 * * 1')).toEqual(fields('0 0 9 * * Mon'))
    expect(fields('  0\t9 * *  1 ')).toEqual(fields('0 0 9 * * Mon'))
  })

  test.each([
    ['@yearly', '0 0 0 1 1 *'],
    ['@annually', '0 0 0 1 1 *'],
    ['@monthly', '0 0 0 1 * *'],
    ['@weekly', '0 0 0 * * Sun'],
    ['@daily', '0 0 0 * * *'],
    ['@midnight', '0 0 0 * * *'],
    [' @hourly ', '0 0 * * * *'],
  ])('%s is %s', (shorthand, text) => {
    expect(fields(shorthand)).toEqual(fields(text))
    expect(fields(shorthand, 'unix')).toEqual(fields(text))
    expect(parseExpression(shorthand, 'quartz').warning).toBeUndefined()
  })
})

describe('numbers of weekdays', () => {
  test('are warned about with the days that they mean', () => {
    expect(parseExpression('0 0 9 * * 1-5', 'quartz').warning).toBe(
      'The day-of-week "1-5" of the expression "0 0 9 * * 1-5" means Sunday, Monday, Tuesday, Wednesday, Thursday ' +
        "(1 = Sunday … 7 = Saturday). Names such as Mon-Fri can't be misread.",
    )
    expect(parseExpression('0 0 9 * * 1', 'unix').warning).toContain('means Monday (0 = Sunday … 6 = Saturday)')
  })

  test.each(['0 0 9 * * *', '0 0 9 * * ?', '0 0 9 * * Mon-Fri', '0 0 9 * * */2', '0 9 * * 1-5'])(
    'but not in %s',
    (text) => {
      expect(parseExpression(text, 'quartz').warning).toBeUndefined()
    },
  )
})
