/*
 * Crash and stall points, for tests of what a crash leaves behind.
 *
 * In a build with FAULTS=1, CAL_CRASH=NAME:N in the environment kills the
 * process (SIGKILL) the Nth time it passes the point NAME, and
 * CAL_STALL=NAME:MS stops it there for MS milliseconds, each time.  Every
 * other build has neither the code nor the names.
 */
#ifndef CAL_BASE_FAULT_H
#define CAL_BASE_FAULT_H

#ifdef CAL_FAULTS
void cal_fault_pass(const char *name);
#define CAL_FAULT(name) cal_fault_pass(name)
#else
#define CAL_FAULT(name) ((void)0)
#endif

#endif
