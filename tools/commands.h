/* commands.h: what `postern COMMAND` calls. Each has the shape of main: argv[0] is the command's
 * name, the rest its arguments; it returns the exit code (0 holds, 1 a claim failed, 2 bad usage
 * or bad input, 3 the simulator failed, 4 two runs differed, 5 vacuous, 6 no verdict).
 */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

/* Decides access vectors with the simulated protection unit. */
int cmd_mpu(int argc, char **argv);

#endif
