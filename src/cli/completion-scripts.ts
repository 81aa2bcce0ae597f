/** What a shell runs: it asks `hpmq __complete -- WORDS`, so that it knows what this version and this gateway have. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The answer of `hpmq __complete`: a word and, behind a tab, what it is, one a line; this line: and files. */
export const FILES_MARK = ':files';

const BASH = `# bash completion for hpmq; in ~/.bashrc: eval "$(hpmq completion bash)"
_hpmq() {
  local line words=() files=
  # A word ends at the cursor; : and = are part of words.
  local before=\${COMP_LINE:0:COMP_POINT}
  read -r -a words <<<"$before"
  [[ $before == *[[:space:]] ]] && words+=('')
  local current=\${words[\${#words[@]}-1]}
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ${FILES_MARK} ]]; then files=1; else COMPREPLY+=("\${line%%$'\\t'*}"); fi
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
  if [[ $files ]]; then
    local IFS=$'\\n'
    compopt -o filenames
    COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
    return
  fi
  # Readline replaces what is behind the last of COMP_WORDBREAKS.
  local cut=\${current%"\${COMP_WORDS[COMP_CWORD]}"}
  if [[ $cut ]]; then COMPREPLY=("\${COMPREPLY[@]#"$cut"}"); fi
}
complete -F _hpmq hpmq
`;

const ZSH = `#compdef hpmq
# zsh completion for hpmq; as _hpmq in a folder of $fpath, or in ~/.zshrc: eval "$(hpmq completion zsh)"
_hpmq() {
  local line
  local -a found
  local files=
  while IFS= read -r line; do
    if [[ $line == ${FILES_MARK} ]]; then
      files=1
    else
      found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if [[ -n $files ]]; then _files; else _describe hpmq found; fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _hpmq "$@"; else compdef _hpmq hpmq; fi
`;

const FISH = `# fish completion for hpmq; as hpmq.fish in ~/.config/fish/completions, or: hpmq completion fish | source
function __hpmq_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l program $words[1]
  for line in ($program __complete -- $words[2..-1] 2>/dev/null)
    if test "$line" = ${FILES_MARK}
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c hpmq -f -a '(__hpmq_complete)'
`;

export const COMPLETION_SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
