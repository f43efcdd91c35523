#pragma once
// Every optimizer.
#include <eigengrad/optim/adam.h>
#include <eigengrad/optim/optimizer.h>
#include <eigengrad/optim/sgd.h>
