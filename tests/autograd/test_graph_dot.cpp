#include <doctest/doctest.h>

#include <eigengrad/eigengrad.h>

using namespace eg;

TEST_CASE("graph_dot: operations, shapes, names, arrows from inputs to results") {
  const Tensor x = ones({2, 3}), w = ones({3}, {.requires_grad = true}), b = ones({3}, {.requires_grad = true});
  const Tensor loss = tanh(x * w + b).sum();
  CHECK(graph_dot(loss, {{"weight", w}, {"say \"b\"", b}, {"x", x}}) ==
        "digraph tape {\n"
        "  node [shape=box, fontname=\"sans-serif\"];\n"
        "  n0 [label=\"weight\\n[3]\", style=filled, fillcolor=\"#dde8f5\"];\n"
        "  n1 [label=\"say \\\"b\\\"\\n[3]\", style=filled, fillcolor=\"#dde8f5\"];\n"
        "  n2 [label=\"mul\\n[2, 3]\"];\n"
        "  n3 [label=\"add\\n[2, 3]\"];\n"
        "  n4 [label=\"tanh\\n[2, 3]\"];\n"
        "  n5 [label=\"sum\\n[]\"];\n"
        "  n0 -> n2;\n"
        "  n2 -> n3;\n"
        "  n1 -> n3;\n"
        "  n3 -> n4;\n"
        "  n4 -> n5;\n"
        "}\n");
  CHECK(graph_dot(x) == "digraph tape {\n  node [shape=box, fontname=\"sans-serif\"];\n}\n");
}
