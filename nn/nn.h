#pragma once
// Every module.
#include <eigengrad/nn/activation.h>
#include <eigengrad/nn/attention.h>
#include <eigengrad/nn/batch_norm.h>
#include <eigengrad/nn/conv.h>
#include <eigengrad/nn/dropout.h>
#include <eigengrad/nn/init.h>
#include <eigengrad/nn/instance_norm.h>
#include <eigengrad/nn/layer_norm.h>
#include <eigengrad/nn/linear.h>
#include <eigengrad/nn/loss.h>
#include <eigengrad/nn/module.h>
#include <eigengrad/nn/pool.h>
#include <eigengrad/nn/recurrent.h>
#include <eigengrad/nn/reshape.h>
#include <eigengrad/nn/sequential.h>
