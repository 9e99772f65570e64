#pragma once
#include <stddef.h>
#include <stdint.h>

/// The number of files of the web app that this binary carries.
size_t cassets_count(void);

/// The file at `index`, which is below `cassets_count()`: its path within the web root (no leading
/// slash), its bytes and their number. All of it is static: it lives as long as the process.
void cassets_at(size_t index, const char **path, const uint8_t **bytes, size_t *length);
