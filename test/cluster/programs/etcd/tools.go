//go:build tools

// Package tools pins the program that the cluster tests build; nothing imports it.
package tools

import _ "go.etcd.io/etcd/server/v3"
