// Examples for the help of each command: the line to type, and what it is for. A test parses every one of them.

/** By path. */
export type Examples = Readonly<Record<string, readonly (readonly [line: string, purpose: string])[]>>

export const EXAMPLES: Examples = {
  'iii start': [
    ['iii start', 'the file of this folder; a first one is written where there is none'],
    ['iii start --config production.yaml --no-watch', 'another file, and nothing is taken up while it runs'],
    ['III_LOG=debug iii start', 'with more in the log'],
    ['iii start --inspect', 'for a debugger: plugins in threads show up in it, too'],
  ],
  'iii trigger': [
    ['iii trigger hello::greet name=World', '{"name": "World"}'],
    [
      `iii trigger hello::greet n=5 id='"5"' tags='["a"]'`,
      '{"n": 5, "id": "5", "tags": ["a"]}: values are JSON, else texts',
    ],
    ['iii trigger hello::greet --json @payload.json', 'the payload from a file; - is standard input'],
    ['iii trigger hello::greet name=World --queue=default', 'made later, from a queue: prints the receipt'],
    ['iii trigger hello::greet --help', 'what the function takes'],
  ],
  'iii functions': [['iii functions', 'the same as iii functions list']],
  'iii functions list': [
    ['iii functions list hello::', 'those whose id or description has this text'],
    ['iii functions list --worker billing --json', 'those of one worker, for a program'],
  ],
  'iii workers': [['iii workers', 'the same as iii workers list']],
  'iii workers list': [
    ['iii workers list', 'all that are connected'],
    ['iii workers list --runtime python', 'those of one runtime'],
  ],
  'iii triggers': [['iii triggers', 'the same as iii triggers list']],
  'iii triggers list': [
    ['iii triggers list', 'which trigger runs which function'],
    ['iii triggers list --types', 'what can be bound to'],
  ],
  'iii logs': [
    ['iii logs --tail 20', 'the newest lines'],
    ['iii logs -f --level warn --since 5m', 'warnings and errors of the last minutes, and those to come'],
    ['iii logs -f --worker billing', 'what one worker logs'],
    ['iii logs --json', 'for a program'],
  ],
  'iii watch': [
    ['iii watch', 'until Ctrl-C'],
    ['iii watch --json', 'for a program'],
  ],
  'iii plugins': [['iii plugins', 'the same as iii plugins list']],
  'iii plugins list': [
    ['iii plugins list', 'all, with their state'],
    ['iii plugins list --state failed', 'those that do not run'],
  ],
  'iii plugins info': [['iii plugins info hello', 'why it failed, what it was started with, its last changes']],
  'iii plugins reload': [
    ['iii plugins reload hello', 'calls in flight end first'],
    ['iii plugins reload hello --force', 'at once'],
  ],
  'iii plugins stop': [['iii plugins stop hello', 'until it is started again']],
  'iii plugins start': [['iii plugins start hello', 'after a stop, or when it has failed']],
  'iii plugins new': [['iii plugins new hello', 'writes plugins/hello.ts']],
  'iii plugins enable': [
    ['iii plugins enable hello', 'shows the lines for the configuration file'],
    ['iii plugins enable hello --write', 'writes them, and waits until the plugin runs'],
  ],
  'iii health': [
    ['iii health', 'exit code 0 where all is well'],
    ['iii health --allow-degraded --timeout-ms 2000', 'for a health check that restarts what does not serve'],
  ],
  'iii config': [['iii config check', 'what is wrong with the file, with lines']],
  'iii config check': [
    ['iii config check', 'what a start would refuse; nothing is started'],
    ['iii config check --config production.yaml --strict-config', 'another file; warnings count as errors'],
  ],
  'iii config explain': [['iii config explain', 'each value that counts, and where it comes from']],
  'iii config schema': [
    ['iii config schema', 'to standard output'],
    ['iii config schema --write', 'beside the configuration file, where editors look for it'],
  ],
  'iii project': [
    ['iii project init shop', 'a folder shop with a configuration that works as it stands'],
    ['iii project generate-docker', 'for the project in this folder'],
  ],
  'iii project init': [
    ['iii project init', 'in this folder'],
    ['iii project init shop --template quickstart', 'with a first plugin'],
    ['iii project init shop --template-dir ~/templates/shop', 'from a folder of yours'],
  ],
  'iii project generate-docker': [['iii project generate-docker', 'then: docker compose up --build']],
  'iii completion': [
    ['iii completion bash', 'for ~/.bashrc, as: source <(iii completion bash)'],
    ['iii completion zsh', 'for ~/.zshrc, behind compinit, as: source <(iii completion zsh)'],
    ['iii completion fish', 'for ~/.config/fish/completions/iii.fish'],
  ],
  'iii bench': [
    ['iii bench --scenario rpc', 'one scenario'],
    ['iii bench --check', 'all, against the targets'],
  ],
}
