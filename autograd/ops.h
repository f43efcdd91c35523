#pragma once
// Every differentiable function, by family.
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/reduce.h>
#include <eigengrad/autograd/ops/shape.h>
