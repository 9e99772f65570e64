// Written by scripts/embed-assets; do not edit.
#include "CAssets.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t file0[] = {
#embed "../../../web/app.js" if_empty(0)
};
static const uint8_t file1[] = {
#embed "../../../web/embed.html" if_empty(0)
};
static const uint8_t file2[] = {
#embed "../../../web/embed.js" if_empty(0)
};
static const uint8_t file3[] = {
#embed "../../../web/favicon.svg" if_empty(0)
};
static const uint8_t file4[] = {
#embed "../../../web/i18n/en.json" if_empty(0)
};
static const uint8_t file5[] = {
#embed "../../../web/i18n/index.json" if_empty(0)
};
static const uint8_t file6[] = {
#embed "../../../web/i18n/vi.json" if_empty(0)
};
static const uint8_t file7[] = {
#embed "../../../web/index.html" if_empty(0)
};
static const uint8_t file8[] = {
#embed "../../../web/lib/api.js" if_empty(0)
};
static const uint8_t file9[] = {
#embed "../../../web/lib/dom.js" if_empty(0)
};
static const uint8_t file10[] = {
#embed "../../../web/lib/format.js" if_empty(0)
};
static const uint8_t file11[] = {
#embed "../../../web/lib/i18n.js" if_empty(0)
};
static const uint8_t file12[] = {
#embed "../../../web/lib/router.js" if_empty(0)
};
static const uint8_t file13[] = {
#embed "../../../web/lib/theme.js" if_empty(0)
};
static const uint8_t file14[] = {
#embed "../../../web/lib/tus.js" if_empty(0)
};
static const uint8_t file15[] = {
#embed "../../../web/pages/auth.js" if_empty(0)
};
static const uint8_t file16[] = {
#embed "../../../web/pages/feed.js" if_empty(0)
};
static const uint8_t file17[] = {
#embed "../../../web/pages/missing.js" if_empty(0)
};
static const uint8_t file18[] = {
#embed "../../../web/pages/studio.js" if_empty(0)
};
static const uint8_t file19[] = {
#embed "../../../web/pages/upload.js" if_empty(0)
};
static const uint8_t file20[] = {
#embed "../../../web/pages/watch.js" if_empty(0)
};
static const uint8_t file21[] = {
#embed "../../../web/player/abr.js" if_empty(0)
};
static const uint8_t file22[] = {
#embed "../../../web/player/buffer.js" if_empty(0)
};
static const uint8_t file23[] = {
#embed "../../../web/player/keys.js" if_empty(0)
};
static const uint8_t file24[] = {
#embed "../../../web/player/loader.js" if_empty(0)
};
static const uint8_t file25[] = {
#embed "../../../web/player/menu.js" if_empty(0)
};
static const uint8_t file26[] = {
#embed "../../../web/player/player.css" if_empty(0)
};
static const uint8_t file27[] = {
#embed "../../../web/player/player.js" if_empty(0)
};
static const uint8_t file28[] = {
#embed "../../../web/player/playlist.js" if_empty(0)
};
static const uint8_t file29[] = {
#embed "../../../web/player/seekbar.js" if_empty(0)
};
static const uint8_t file30[] = {
#embed "../../../web/player/stream.js" if_empty(0)
};
static const uint8_t file31[] = {
#embed "../../../web/player/vtt.js" if_empty(0)
};
static const uint8_t file32[] = {
#embed "../../../web/styles.css" if_empty(0)
};

static const struct {
  const char *path;
  const uint8_t *bytes;
  size_t length;
} files[] = {
  {"app.js", file0, sizeof file0},
  {"embed.html", file1, sizeof file1},
  {"embed.js", file2, sizeof file2},
  {"favicon.svg", file3, sizeof file3},
  {"i18n/en.json", file4, sizeof file4},
  {"i18n/index.json", file5, sizeof file5},
  {"i18n/vi.json", file6, sizeof file6},
  {"index.html", file7, sizeof file7},
  {"lib/api.js", file8, sizeof file8},
  {"lib/dom.js", file9, sizeof file9},
  {"lib/format.js", file10, sizeof file10},
  {"lib/i18n.js", file11, sizeof file11},
  {"lib/router.js", file12, sizeof file12},
  {"lib/theme.js", file13, sizeof file13},
  {"lib/tus.js", file14, sizeof file14},
  {"pages/auth.js", file15, sizeof file15},
  {"pages/feed.js", file16, sizeof file16},
  {"pages/missing.js", file17, sizeof file17},
  {"pages/studio.js", file18, sizeof file18},
  {"pages/upload.js", file19, sizeof file19},
  {"pages/watch.js", file20, sizeof file20},
  {"player/abr.js", file21, sizeof file21},
  {"player/buffer.js", file22, sizeof file22},
  {"player/keys.js", file23, sizeof file23},
  {"player/loader.js", file24, sizeof file24},
  {"player/menu.js", file25, sizeof file25},
  {"player/player.css", file26, sizeof file26},
  {"player/player.js", file27, sizeof file27},
  {"player/playlist.js", file28, sizeof file28},
  {"player/seekbar.js", file29, sizeof file29},
  {"player/stream.js", file30, sizeof file30},
  {"player/vtt.js", file31, sizeof file31},
  {"styles.css", file32, sizeof file32},
};

size_t cassets_count(void) { return sizeof files / sizeof files[0]; }

void cassets_at(size_t index, const char **path, const uint8_t **bytes, size_t *length) {
  *path = files[index].path;
  *bytes = files[index].bytes;
  *length = files[index].length;
}
