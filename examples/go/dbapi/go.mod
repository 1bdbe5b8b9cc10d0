module libdbapi/dbapi

go 1.19
