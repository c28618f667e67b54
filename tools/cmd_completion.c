/* cmd_completion.c: `postern completion bash` prints a script for bash, made of the commands' own
 * tables: their flags, the words that a flag takes, and the names of scenarios. */
#define _POSIX_C_SOURCE 200809L

#include "tools/commands.h"
#include "tools/options.h"

#include <stdio.h>
#include <string.h>

static const char *const shells[] = {"bash", NULL};

static const struct usage usage = {
    .command = "completion",
    .arguments = "bash",
    .about =
        "Prints what completes command lines in bash: flags, their values, scenarios. It asks\n"
        "nothing of the package bash-completion, and looks for scenarios when it is used.\n",
    .examples = "  eval \"$(postern completion bash)\"\n"
                "  postern completion bash >~/.local/share/bash-completion/completions/postern\n",
    .argument_min = 1,
    .argument_max = 1,
    .words = shells,
};

static void print_commands(void)
{
    for (size_t i = 0; i < command_count; i++)
        printf("%s ", commands[i].name);
}

/* Each command prints its own branch. */
static void print_branches(void)
{
    char form[] = "--help=bash";
    for (size_t i = 0; i < command_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s", commands[i].name);
        char *line[] = {name, form, NULL};
        (void)commands[i].call(2, line);
    }
}

static void print_script(void)
{
    fputs("# bash completion of postern, printed by `postern completion bash`.\n"
          "_postern() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    local command= flags= words= values= scenarios= i\n"
          "    COMPREPLY=()\n"
          "    # bash splits --flag=VALUE into three words\n"
          "    [ \"$word\" != = ] || word=\n"
          "    [ \"$before\" != = ] || before=${COMP_WORDS[COMP_CWORD - 2]}\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        [[ ${COMP_WORDS[i]} == -* ]] || { command=${COMP_WORDS[i]}; break; }\n"
          "    done\n"
          "    case $command in\n"
          "    '' | help)\n"
          "        flags='--help --version'\n"
          "        words='",
          stdout);
    print_commands();
    fputs("'\n"
          "        ;;\n",
          stdout);
    print_branches();
    fputs("    esac\n"
          "    if [ \"$values\" = - ]; then\n"
          "        return\n"
          "    elif [ -n \"$values\" ]; then\n"
          "        words=$values scenarios=\n"
          "    elif [[ $word == -* ]]; then\n"
          "        words=$flags scenarios=\n"
          "    fi\n"
          "    if [ -n \"$scenarios\" ]; then\n"
          "        words=\"$words $(\"${COMP_WORDS[0]}\" list 2>/dev/null | grep -o '^[^ ]*/[^ "
          "]*')\"\n"
          "    fi\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
          "}\n"
          "complete -o default -F _postern postern\n",
          stdout);
}

int cmd_completion(int argc, char **argv)
{
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, NULL, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    if (strcmp(arguments.at[0], shells[0]) != 0)
        return options_error(&usage, "no completion for %s: want bash", arguments.at[0]);
    print_script();
    return CODE_HOLDS;
}
