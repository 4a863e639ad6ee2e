// What a shell is given so that it completes `iii`: each asks `iii completion ask -- WORDS`, whose lines are a word and,
// behind a tab, what it is; the last line is a directive (`complete.ts`). The script names no command: what is there is asked for.

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

export function shellScript(shell: Shell): string {
  return { bash: BASH, zsh: ZSH, fish: FISH }[shell]
}

// Readline takes a colon and an equals sign for the end of a word: what stands before the last one must not be offered again.
const BASH = `# bash completion of iii. In ~/.bashrc: source <(iii completion bash)
_iii_complete() {
  local line="\${COMP_LINE:0:COMP_POINT}" answer directive word current before
  local -a words=()
  read -r -a words <<<"$line"
  [[ "$line" == *[[:space:]] || \${#words[@]} -lt 2 ]] && words+=('')
  current="\${words[\${#words[@]} - 1]}"
  before="\${current%"\${current##*[:=]}"}"
  COMPREPLY=()
  while IFS= read -r answer; do
    if [[ "$answer" == :* ]]; then
      directive="$answer"
      continue
    fi
    word="\${answer%%$'\\t'*}"
    [[ "$word" == "$current"* ]] && COMPREPLY+=("\${word#"$before"}")
  done < <("\${words[0]}" completion ask -- "\${words[@]:1}" 2>/dev/null)
  case "$directive" in
    :files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "\${current#"$before"}") ;;
    :folders) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "\${current#"$before"}") ;;
    :continue) compopt -o nospace 2>/dev/null ;;
  esac
}
complete -F _iii_complete iii
`

const ZSH = `#compdef iii
# zsh completion of iii. In ~/.zshrc, behind compinit: source <(iii completion zsh)
_iii_complete() {
  local answer directive
  local -a offered shown
  while IFS= read -r answer; do
    if [[ "$answer" == :* ]]; then
      directive="$answer"
      continue
    fi
    offered+=("\${answer%%$'\\t'*}")
    shown+=("\${answer//$'\\t'/  -- }")
  done < <("$words[1]" completion ask -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  case "$directive" in
    :files) compset -P '*='; _files ;;
    :folders) compset -P '*='; _files -/ ;;
    :continue) compadd -Q -S '' -l -d shown -a offered ;;
    *) compadd -Q -l -d shown -a offered ;;
  esac
}
compdef _iii_complete iii
`

const FISH = `# fish completion of iii. In ~/.config/fish/completions/iii.fish: iii completion fish
function __iii_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answers ($words[1] completion ask -- $words[2..-1] "$current" 2>/dev/null)
    switch "$answers[-1]"
        case ':files'
            __fish_complete_path (string replace -r '^--[^=]*=' '' -- "$current")
        case ':folders'
            __fish_complete_directories (string replace -r '^--[^=]*=' '' -- "$current")
        case '*'
            string match -v ':*' -- $answers
    end
end
complete -c iii -f -a '(__iii_complete)'
`
