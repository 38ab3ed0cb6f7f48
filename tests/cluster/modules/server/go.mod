module baremetal-dualstack.invalid/server

go 1.26.0
