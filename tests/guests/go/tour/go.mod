module berth.test/tour

go 1.21
