#include <eigengrad/eigengrad.h>

#include <cstdio>

int main() { std::puts(eg::ones({2, 3}).str().c_str()); }
