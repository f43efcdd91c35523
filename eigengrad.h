#pragma once
// Everything of eigengrad but file formats (<eigengrad/io/...>) and the Eigen bridge (<eigengrad/core/eigen.h>).
#include <eigengrad/core/dtype.h>
#include <eigengrad/core/error.h>
#include <eigengrad/core/parallel.h>
#include <eigengrad/core/shape.h>
