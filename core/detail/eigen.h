#pragma once
// Eigen for core's .cpp files, under a private namespace (Note [Private namespaces] in detail/format.h).
#define Eigen eigengrad_private_eigen
#define EIGEN_DONT_PARALLELIZE
#define EIGEN_MPL2_ONLY
#include <Eigen/Core>
