/* What a fragment of the pages stands in: a program that says what was thrown. */
#include <dbapi.hpp>

#include <cstdlib>
#include <iostream>
#include <string>
@INCLUDES@

int main()
try {
#line @LINE@ "@PAGE@"
@BLOCK@
    return EXIT_SUCCESS;
} catch (const std::exception &problem) {
    std::cerr << problem.what() << '\n';
    return EXIT_FAILURE;
}
