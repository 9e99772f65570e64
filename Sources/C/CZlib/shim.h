#pragma once
// One set of glibc features in every module, or their structures differ and Swift refuses them.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <zlib.h>
