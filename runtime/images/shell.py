"""What the images' shells tell their terminal beside what they print: where prompts, commands and output begin.

OSC 133 (FinalTerm's, spoken by most terminals today) and OSC 7 (the working directory). `runtime.terminal.marks` reads
them. Both texts are files in the containers, where students find and read them.
"""

from __future__ import annotations

from pathlib import Path

BASH_FILE = "etc/terrarium/shell-integration.bash"
BASH = r"""# How bash tells its terminal where a prompt, a command and its output begin.
#
# A terminal gets nothing but characters: it cannot know which of them are a prompt. So the shell puts marks between
# them, escape sequences that are not shown. With them a page can jump from command to command, and show which failed.
#
#   ESC ] 133 ; A BEL    a prompt begins         ESC ] 133 ; C BEL        Enter was pressed: output begins
#   ESC ] 133 ; B BEL    it ends, you type       ESC ] 133 ; D ; n BEL    the command ended with status n
#   ESC ] 7 ; file://HOST/DIRECTORY BEL          where you are
#
# Leave them out:  unset PROMPT_COMMAND PS0; and a new PS1

case $- in *i*) ;; *) return ;; esac            # only where somebody types,
case ${TERM:-dumb} in dumb) return ;; esac      # into a terminal that knows escape sequences

__terrarium_ran=                                # empty until a command was typed: pressing Enter alone is none

__terrarium_prompt() {
    local status=$? LC_ALL=C url='' at byte     # LC_ALL=C: letters are bytes
    for ((at = 0; at < ${#PWD}; at++)); do      # RFC 3986: what is no plain letter becomes %41
        byte=${PWD:at:1}
        case $byte in
            [a-zA-Z0-9/._~-]) ;;
            *) printf -v byte %d "'$byte"; printf -v byte %%%02X "$((byte & 255))" ;;
        esac
        url+=$byte
    done
    if [ -n "$__terrarium_ran" ]; then printf '\e]133;D;%s\a' "$status"; fi
    __terrarium_ran=
    printf '\e]7;file://%s%s\a\e]133;A\a' "${HOSTNAME-}" "$url"
    # Put in here and not once, because your own ~/.bashrc may set both anew. \[ \] enclose what takes no room.
    case ${PS1-} in *'133;B'*) ;; *) PS1=${PS1-}'\[\e]133;B\a\]' ;; esac
    # bash prints PS0 after Enter. The ${…} is empty, and sets the variable while it is read.
    case ${PS0-} in *'133;C'*) ;; *) PS0=${PS0-}'\e]133;C\a${__terrarium_ran:0:$((__terrarium_ran = 1, 0))}' ;; esac
}

# bash runs each member of this list before a prompt. Number 9 leaves the first to you: PROMPT_COMMAND='…' sets that.
# 2>/dev/null: `set -x` shows what you run, not this.
PROMPT_COMMAND[9]='{ __terrarium_prompt; } 2>/dev/null'
"""
BASHRC_LINES = f"""
# Tell the terminal where prompts and commands begin; the file says how.
if [ -r /{BASH_FILE} ]; then . /{BASH_FILE}; fi
"""

ASH_LINES = r"""
# Marks for the terminal, which are not shown: the last command's status (133;D), the directory (7), where the prompt
# begins (133;A) and where it ends (133;B). \[ \] enclose what takes no room. That Enter was pressed, ash cannot say.
case ${TERM:-dumb} in
  dumb) ;;
  *) PS1='\[\e]133;D;$?\a\e]7;file://\h${PWD//%/%25}\a\e]133;A\a\]'$PS1'\[\e]133;B\a\]' ;;
esac
"""


def write_bash(tree: Path, bashrc: str) -> None:
    """Into the empty directory `tree`: the file, and `/etc/bash.bashrc` with what it was and the line that reads it."""
    for name, text in ((BASH_FILE, BASH), ("etc/bash.bashrc", bashrc + BASHRC_LINES)):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)
    for name in ("etc", "etc/terrarium"):
        (tree / name).chmod(0o755)  # mkdir's is cut by the umask
