// Build recipe for the real CoreDNS with the plugins a cluster needs (test tool only).
module sluice.test/programs/coredns

go 1.26.0

require github.com/coredns/coredns v1.15.0
