#pragma once
// Every differentiable function, by family.
#include <eigengrad/autograd/ops/conv.h>
#include <eigengrad/autograd/ops/elementwise.h>
#include <eigengrad/autograd/ops/gather.h>
#include <eigengrad/autograd/ops/index.h>
#include <eigengrad/autograd/ops/join.h>
#include <eigengrad/autograd/ops/matmul.h>
#include <eigengrad/autograd/ops/mask.h>
#include <eigengrad/autograd/ops/pad.h>
#include <eigengrad/autograd/ops/rearrange.h>
#include <eigengrad/autograd/ops/reduce.h>
#include <eigengrad/autograd/ops/resize.h>
#include <eigengrad/autograd/ops/results.h>
#include <eigengrad/autograd/ops/shape.h>
#include <eigengrad/autograd/ops/sort.h>
