// The same program in C++17, on dbapi.hpp.
#include <dbapi.hpp>

#include <iostream>

int main()
{
    try {
        dbapi::connection con = dbapi::connect();
        for (auto [num, data] : con.execute("SELECT %s, %s::text", 100, "abc'def").rows<int, std::string_view>()) {
            std::cout << dbapi_version() << ": (" << num << ", \"" << data << "\")\n";
        }
    } catch (const dbapi::error &problem) {
        std::cerr << problem.what() << '\n';
        return 1;
    }
}
