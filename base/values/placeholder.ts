// Placeholders of the environment in settings, `${NAME}` and `${NAME:value}`: their grammar, and what looks like one of another tongue.

/** Names hold anything but `}` and `:`, on one line, so that an unclosed `${NAME` does not reach for a brace further down. */
export const PLACEHOLDER = /\$\{([^}:\n]+)(?::([^}]*))?\}/g

/** A shell's `:-`, `:=`, `:?` and `:+`. */
const SHELL_DEFAULT = /^([-=?+])(.*)$/s
/** The same without the colon, which makes it a part of the name. */
const SHELL_NAME = /^([A-Za-z_]\w*)([-=?+])(.*)$/

/** Why a placeholder does not mean what its author thinks; undefined for most. */
export function oddPlaceholder(name: string, fallback: string | undefined): string | undefined {
  const whole = fallback === undefined ? `\${${name}}` : `\${${name}:${fallback}}`
  const inDefault = SHELL_DEFAULT.exec(fallback ?? '')
  if (inDefault !== null) {
    const [, sign = '', rest = ''] = inDefault
    const own = sign === '-' && /^\.?\d/.test(rest) ? `; for the number -${rest} write \${${name}: -${rest}}` : ''
    return `${whole} gives ${JSON.stringify(fallback)} where ${name} is not set: the form is \${${name}:${rest}}, without '${sign}'${own}`
  }
  const [, real, , rest = ''] = (fallback === undefined && SHELL_NAME.exec(name)) || []
  if (real === undefined) return undefined
  return `${whole} takes a variable of the name '${name}': the form is \${${real}:${rest}}`
}
