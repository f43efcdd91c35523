#include "bench.h"

using namespace eg;
using bench::In;

namespace {

Tensor linear_of(In in) { return linear(in[0], in[1], in.size() > 2 ? in[2] : Tensor()); }

const bench::Rows rows{
    {.name = "matmul", .f = [](In in) { return matmul(in[0], in[1]); }, .inputs = {{.shape = {3, 4}}, {.shape = {4, 2}}},
     .oracle = {"linalg:matmul/*", "linalg:mm/*", "linalg:mv/*"},
     // The case with one input is a times its transpose.
     .oracle_f = [](const oracle::Case&, In in) -> bench::Outs { return matmul(in[0], in.size() > 1 ? in[1] : in[0].t()); },
     .any_size = {0}, .large = {{130, 300}, {300, 170}}},
    {.name = "matmul", .variant = "square", .f = [](In in) { return matmul(in[0], in[1]); },
     .inputs = {{.shape = {3, 3}}, {.shape = {3, 3}}}},
    {.name = "matmul", .variant = "one_matrix_for_the_batch", .f = [](In in) { return matmul(in[0], in[1]); },
     .inputs = {{.shape = {2, 3, 4}}, {.shape = {4, 2}}}, .any_size = {0, 1}, .large = {{5, 40, 90}, {90, 33}}},
    {.name = "matmul", .variant = "batches_broadcast", .f = [](In in) { return matmul(in[0], in[1]); },
     .inputs = {{.shape = {2, 1, 2, 3}}, {.shape = {3, 3, 2}}}, .any_size = {0, 2}, .large = {{3, 1, 60, 50}, {4, 50, 40}}},
    {.name = "matmul", .variant = "matrix_left_of_a_batch", .f = [](In in) { return matmul(in[0], in[1]); },
     .inputs = {{.shape = {2, 3}}, {.shape = {4, 3, 2}}}},
    {.name = "matmul", .variant = "vectors", .f = [](In in) { return matmul(in[0], in[1]); },
     .inputs = {{.shape = {4}}, {.shape = {4}}}, .any_size = {0}},
    {.name = "matmul", .variant = "vector_matrix", .f = [](In in) { return matmul(in[0], in[1]); },
     .inputs = {{.shape = {4}}, {.shape = {4, 3}}}, .large = {{700}, {700, 300}}},
    {.name = "matmul", .variant = "matrix_vector", .f = [](In in) { return matmul(in[0], in[1]); },
     .inputs = {{.shape = {3, 4}}, {.shape = {4}}}, .any_size = {0}, .large = {{300, 700}, {700}}},
    {.name = "matmul", .variant = "batch_vector", .f = [](In in) { return matmul(in[0], in[1]); },
     .inputs = {{.shape = {2, 3, 4}}, {.shape = {4}}}, .any_size = {0, 1}},
    {.name = "matmul", .variant = "gram", .f = [](In in) { return matmul(in[0], in[0].transpose(1, 2)); },
     .inputs = {{.shape = {2, 3, 4}}}, .oracle = {"linalg:gram/basic"},
     .oracle_f = [](const oracle::Case&, In in) -> bench::Outs {
       return matmul(in[0], in[0].transpose(1, 2)) / static_cast<double>(in[0].size(1) * in[0].size(2));
     },
     .any_size = {0, 1, 2}},
    {.name = "matmul", .variant = "addmm", .f = [](In in) { return in[2] + matmul(in[0], in[1]); },
     .inputs = {{.shape = {2, 3}}, {.shape = {3, 4}}, {.shape = {4}}}, .oracle = {"linalg:addmm/*", "linalg:baddbmm/*"},
     .oracle_f = [](const oracle::Case& c, In in) -> bench::Outs {
       return in[0] * c.number("beta") + matmul(in[1], in[2]) * c.number("alpha");
     }},
    {.name = "bmm", .f = [](In in) { return bmm(in[0], in[1]); }, .inputs = {{.shape = {2, 3, 4}}, {.shape = {2, 4, 3}}},
     .oracle = {"linalg:bmm/*"}, .any_size = {0}, .large = {{6, 50, 70}, {6, 70, 30}}},
    {.name = "dot", .f = [](In in) { return dot(in[0], in[1]); }, .inputs = {{.shape = {5}}, {.shape = {5}}},
     .oracle = {"linalg:dot/*"}, .any_size = {0}, .large = {{100000}, {100000}}},
    {.name = "outer", .f = [](In in) { return outer(in[0], in[1]); }, .inputs = {{.shape = {3}}, {.shape = {4}}},
     .oracle = {"linalg:outer/*"}, .any_size = {0}, .large = {{300}, {500}}},
    {.name = "linear", .f = linear_of, .inputs = {{.shape = {4, 3}}, {.shape = {2, 3}}, {.shape = {2}}}, .oracle = {"linalg:linear/*"},
     .oracle_f = [](const oracle::Case&, In in) -> bench::Outs { return linear_of(in); },
     .any_size = {0, 1}, .large = {{100, 300}, {200, 300}, {200}}},
    {.name = "linear", .variant = "no_bias", .f = linear_of, .inputs = {{.shape = {3, 3}}, {.shape = {3, 3}}}, .any_size = {1}},
    {.name = "linear", .variant = "vector", .f = linear_of, .inputs = {{.shape = {3}}, {.shape = {2, 3}}, {.shape = {2}}}},
    {.name = "linear", .variant = "three_dimensions", .f = linear_of,
     .inputs = {{.shape = {2, 2, 3}}, {.shape = {4, 3}}, {.shape = {4}}}, .any_size = {0, 1}},
};

}  // namespace
