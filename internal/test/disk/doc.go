// Package disk lets the disk fail under the real binaries: at each call in turn that needs room
// or makes something durable, in the Core and in the publisher, until one publish gets through.
//
// The programs run under a seccomp filter that asks the test before such a call runs (Linux,
// SECCOMP_RET_USER_NOTIF). So calls are counted over all threads, by the folder of their file, and
// the n-th one can have an error or be the process's last. After an error of fsync the kernel has
// forgotten what it could not write: the call fails once, and whoever asks again is told that all is
// well.
//
// The tests have the build tag disk and need root, for the small file systems: make disk.
package disk
