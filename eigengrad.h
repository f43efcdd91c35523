#pragma once
// Everything of eigengrad but file formats (<eigengrad/io/...>) and the Eigen bridge (<eigengrad/core/eigen.h>).
#include <eigengrad/core/dtype.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/parallel.h>
#include <eigengrad/core/random.h>
#include <eigengrad/core/shape.h>
#include <eigengrad/autograd/creation.h>
#include <eigengrad/autograd/engine.h>
#include <eigengrad/autograd/function.h>
#include <eigengrad/autograd/functional.h>
#include <eigengrad/autograd/grad_mode.h>
#include <eigengrad/autograd/gradcheck.h>
#include <eigengrad/autograd/ops.h>
#include <eigengrad/autograd/random.h>
#include <eigengrad/autograd/tensor.h>
#include <eigengrad/nn/module.h>
#include <eigengrad/nn/sequential.h>
