#include "generator/methods/method.h"

const char *const rt_method_names[] = {"rgal", NULL};
const rt_method *const rt_methods[] = {&rt_rgal_method};
