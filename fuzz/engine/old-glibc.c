/* The three functions that the native part of Jazzer.js wants from a newer C library: see native-part.js. */
#include <stdlib.h>

long __isoc23_strtol(const char *text, char **end, int base) { return strtol(text, end, base); }
unsigned long __isoc23_strtoul(const char *text, char **end, int base) { return strtoul(text, end, base); }

/* Since GCC 13 libstdc++ makes std::cout by itself. Before, each program did, with an object of its own. */
__attribute__((weak)) void _ZNSt8ios_base4InitC1Ev(void *self);
void _ZSt21ios_base_library_initv(void) {
  static char init[16];
  if (_ZNSt8ios_base4InitC1Ev) _ZNSt8ios_base4InitC1Ev(init);
}
