;; trick: a connection to a server on this machine, a socket bound here, and a name looked up, with no grant
;; holds: each is refused and told by its address, and nothing is sent
;; guard: none (no grant of this berth opens the network yet)
;; listen: yes
;; args: $PORT
;; expect: exit 0
;; denials: 3
(component
  (import "wasi:io/error@0.2.0" (instance $errors (export "error" (type (sub resource)))))
  (alias export $errors "error" (type $io-error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "input-stream" (type (sub resource)))
    (export "output-stream" (type (sub resource)))))
  (alias export $streams "input-stream" (type $input))
  (alias export $streams "output-stream" (type $output))
  (import "wasi:cli/environment@0.2.0" (instance $environment
    (export "get-arguments" (func (result (list string))))))
  (import "wasi:sockets/network@0.2.0" (instance $network-types
    (export "network" (type (sub resource)))
    (type $error' (enum "unknown" "access-denied" "not-supported" "invalid-argument" "out-of-memory" "timeout"
      "concurrency-conflict" "not-in-progress" "would-block" "invalid-state" "new-socket-limit"
      "address-not-bindable" "address-in-use" "remote-unreachable" "connection-refused" "connection-reset"
      "connection-aborted" "datagram-too-large" "name-unresolvable" "temporary-resolver-failure"
      "permanent-resolver-failure"))
    (export "error-code" (type (eq $error')))
    (type $family' (enum "ipv4" "ipv6"))
    (export "ip-address-family" (type (eq $family')))
    (type $four' (tuple u8 u8 u8 u8))
    (export "ipv4-address" (type $four (eq $four')))
    (type $six' (tuple u16 u16 u16 u16 u16 u16 u16 u16))
    (export "ipv6-address" (type $six (eq $six')))
    (type $ip' (variant (case "ipv4" $four) (case "ipv6" $six)))
    (export "ip-address" (type (eq $ip')))
    (type $four-port' (record (field "port" u16) (field "address" $four)))
    (export "ipv4-socket-address" (type $four-port (eq $four-port')))
    (type $six-port' (record (field "port" u16) (field "flow-info" u32) (field "address" $six)
      (field "scope-id" u32)))
    (export "ipv6-socket-address" (type $six-port (eq $six-port')))
    (type $address' (variant (case "ipv4" $four-port) (case "ipv6" $six-port)))
    (export "ip-socket-address" (type (eq $address')))))
  (alias export $network-types "network" (type $network))
  (alias export $network-types "error-code" (type $error))
  (alias export $network-types "ip-address-family" (type $family))
  (alias export $network-types "ip-socket-address" (type $address))
  (import "wasi:sockets/instance-network@0.2.0" (instance $instance-network
    (alias outer 1 $network (type $network'))
    (export "network" (type $n (eq $network')))
    (export "instance-network" (func (result (own $n))))))
  (import "wasi:sockets/tcp@0.2.0" (instance $tcp
    (export "tcp-socket" (type $socket (sub resource)))
    (alias outer 1 $network (type $network'))
    (export "network" (type $n (eq $network')))
    (alias outer 1 $error (type $error'))
    (export "error-code" (type $e (eq $error')))
    (alias outer 1 $address (type $address'))
    (export "ip-socket-address" (type $a (eq $address')))
    (alias outer 1 $input (type $input'))
    (export "input-stream" (type $i (eq $input')))
    (alias outer 1 $output (type $output'))
    (export "output-stream" (type $o (eq $output')))
    (export "[method]tcp-socket.start-bind" (func (param "self" (borrow $socket)) (param "network" (borrow $n))
      (param "local-address" $a) (result (result (error $e)))))
    (export "[method]tcp-socket.finish-bind" (func (param "self" (borrow $socket)) (result (result (error $e)))))
    (export "[method]tcp-socket.start-connect" (func (param "self" (borrow $socket))
      (param "network" (borrow $n)) (param "remote-address" $a) (result (result (error $e)))))
    (export "[method]tcp-socket.finish-connect" (func (param "self" (borrow $socket))
      (result (result (tuple (own $i) (own $o)) (error $e)))))))
  (alias export $tcp "tcp-socket" (type $socket))
  (import "wasi:sockets/tcp-create-socket@0.2.0" (instance $create
    (alias outer 1 $socket (type $socket'))
    (export "tcp-socket" (type $s (eq $socket')))
    (alias outer 1 $error (type $error'))
    (export "error-code" (type $e (eq $error')))
    (alias outer 1 $family (type $family'))
    (export "ip-address-family" (type $f (eq $family')))
    (export "create-tcp-socket" (func (param "address-family" $f) (result (result (own $s) (error $e)))))))
  (import "wasi:sockets/ip-name-lookup@0.2.0" (instance $names
    (export "resolve-address-stream" (type $answers (sub resource)))
    (alias outer 1 $network (type $network'))
    (export "network" (type $n (eq $network')))
    (alias outer 1 $error (type $error'))
    (export "error-code" (type $e (eq $error')))
    (export "resolve-addresses" (func (param "network" (borrow $n)) (param "name" string)
      (result (result (own $answers) (error $e)))))))
  (core module $libc
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.and (i32.add (i32.add (global.get $next) (local.get 3)) (i32.const 7)) (i32.const -8)))))
  (core instance $libc (instantiate $libc))
  (core func $arguments (canon lower (func $environment "get-arguments") (memory $libc "memory")
    (realloc (func $libc "realloc"))))
  (core func $network (canon lower (func $instance-network "instance-network")))
  (core func $socket (canon lower (func $create "create-tcp-socket") (memory $libc "memory")))
  (core func $start-bind (canon lower (func $tcp "[method]tcp-socket.start-bind") (memory $libc "memory")))
  (core func $finish-bind (canon lower (func $tcp "[method]tcp-socket.finish-bind") (memory $libc "memory")))
  (core func $start (canon lower (func $tcp "[method]tcp-socket.start-connect") (memory $libc "memory")))
  (core func $finish (canon lower (func $tcp "[method]tcp-socket.finish-connect") (memory $libc "memory")))
  (core func $resolve (canon lower (func $names "resolve-addresses") (memory $libc "memory")))
  (core module $main
    (import "libc" "memory" (memory 1))
    (import "io" "arguments" (func $arguments (param i32)))
    (import "io" "network" (func $network (result i32)))
    (import "io" "socket" (func $socket (param i32 i32)))
    (type $with-address (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "io" "start-bind" (func $start-bind (type $with-address)))
    (import "io" "finish-bind" (func $finish-bind (param i32 i32)))
    (import "io" "start" (func $start (type $with-address)))
    (import "io" "finish" (func $finish (param i32 i32)))
    (import "io" "resolve" (func $resolve (param i32 i32 i32 i32)))
    (data (i32.const 0) "localhost")
    (func $port (result i32) ;; the last argument
      (local $entry i32) (local $at i32) (local $end i32) (local $port i32)
      (call $arguments (i32.const 64))
      (local.set $entry (i32.add (i32.load (i32.const 64))
        (i32.shl (i32.sub (i32.load (i32.const 68)) (i32.const 1)) (i32.const 3))))
      (local.set $at (i32.load (local.get $entry)))
      (local.set $end (i32.add (local.get $at) (i32.load offset=4 (local.get $entry))))
      (loop $digit
        (local.set $port (i32.add (i32.mul (local.get $port) (i32.const 10))
          (i32.sub (i32.load8_u (local.get $at)) (i32.const 48))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $digit (i32.lt_u (local.get $at) (local.get $end))))
      (local.get $port))
    (func $new (result i32) ;; -1: not even a socket
      (call $socket (i32.const 0) (i32.const 128))
      (if (result i32) (i32.load8_u (i32.const 128)) (then (i32.const -1)) (else (i32.load (i32.const 132)))))
    (func (export "run") (result i32)
      (local $network i32) (local $socket i32) (local $port i32)
      (local.set $network (call $network))
      (local.set $port (call $port))
      ;; A connection to 127.0.0.1.
      (local.set $socket (call $new))
      (block $refused
        (br_if $refused (i32.eq (local.get $socket) (i32.const -1)))
        (call $start (local.get $socket) (local.get $network) (i32.const 0) (local.get $port) (i32.const 127)
          (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
          (i32.const 0) (i32.const 0) (i32.const 160))
        (br_if $refused (i32.load8_u (i32.const 160)))
        (loop $wait
          (call $finish (local.get $socket) (i32.const 192))
          (if (i32.eqz (i32.load8_u (i32.const 192))) (then (return (i32.const 1))))
          (br_if $wait (i32.eq (i32.load8_u (i32.const 196)) (i32.const 8))))) ;; would-block
      ;; A socket bound to 127.0.0.1.
      (local.set $socket (call $new))
      (block $refused
        (br_if $refused (i32.eq (local.get $socket) (i32.const -1)))
        (call $start-bind (local.get $socket) (local.get $network) (i32.const 0) (i32.const 0) (i32.const 127)
          (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
          (i32.const 0) (i32.const 0) (i32.const 160))
        (br_if $refused (i32.load8_u (i32.const 160)))
        (loop $wait
          (call $finish-bind (local.get $socket) (i32.const 192))
          (if (i32.eqz (i32.load8_u (i32.const 192))) (then (return (i32.const 1))))
          (br_if $wait (i32.eq (i32.load8_u (i32.const 193)) (i32.const 8)))))
      ;; A name.
      (call $resolve (local.get $network) (i32.const 0) (i32.const 9) (i32.const 224))
      (i32.eqz (i32.load8_u (i32.const 224)))))
  (core instance $main (instantiate $main
    (with "libc" (instance $libc))
    (with "io" (instance
      (export "arguments" (func $arguments)) (export "network" (func $network)) (export "socket" (func $socket))
      (export "start-bind" (func $start-bind)) (export "finish-bind" (func $finish-bind))
      (export "start" (func $start)) (export "finish" (func $finish)) (export "resolve" (func $resolve))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
