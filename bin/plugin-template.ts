// What `iii plugin new NAME` writes: the smallest plugin that shows configuration, a function and its description.

/** TypeScript source of a first plugin of that name. */
export function pluginTemplate(name: string): string {
  return `import { definePlugin } from 'iii-host/plugin'

export default definePlugin({
  name: '${name}',
  description: 'Greets people.',
  config: {
    type: 'object',
    properties: { greeting: { type: 'string', default: 'Hello' } },
    additionalProperties: false,
  },
  start({ iii, config, log }) {
    iii.registerFunction('${name}::greet', ({ name }: { name: string }) => {
      return { text: \`\${config.greeting}, \${name}\` }
    })
    log.info('ready to greet')
  },
})
`
}
