#include "CAV.h"
