module check.example/retrieval

go 1.21
