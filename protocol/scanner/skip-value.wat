;; Finds the end of one JSON value (object, array or string) and checks its bytes, 64 at a time.
;; Compiled into skip-value.wasm.ts by build-wasm.mjs; driven by skip-value.ts, which copies the value in piece by piece.
;;
;; Checked: strings entirely (control characters, escapes); outside strings that every byte can occur in JSON, that as many
;; brackets close as open, of each kind, and that none closes too many. Not checked: the order of tokens, the form of numbers.
(module
  (memory (export "memory") 1 1)

  ;; What a piece hands to the next one.
  (global $inside (mut i64) (i64.const 0))     ;; all ones: the piece ended inside a string
  (global $escape (mut i64) (i64.const 0))     ;; 1: its last byte was a backslash that escapes the next one
  (global $hex (mut i64) (i64.const 0))        ;; bit n: byte n of the next block must be a hex digit of a \u escape
  (global $depth (mut i32) (i32.const 0))      ;; brackets open, of both kinds; 0: the value is a string
  (global $braces (mut i32) (i32.const 0))     ;; braces open
  (global $fault (mut i64) (i64.const 0))      ;; any bit: a byte was wrong

  ;; One bit per byte of the block, from the top bits of its four vectors.
  (func $bits (param $a v128) (param $b v128) (param $c v128) (param $d v128) (result i64)
    (i64.or
      (i64.or
        (i64.extend_i32_u (i8x16.bitmask (local.get $a)))
        (i64.shl (i64.extend_i32_u (i8x16.bitmask (local.get $b))) (i64.const 16)))
      (i64.or
        (i64.shl (i64.extend_i32_u (i8x16.bitmask (local.get $c))) (i64.const 32))
        (i64.shl (i64.extend_i32_u (i8x16.bitmask (local.get $d))) (i64.const 48)))))

  ;; Bytes equal to one character.
  (func $equal (param $a v128) (param $b v128) (param $c v128) (param $d v128) (param $char v128) (result i64)
    (call $bits
      (i8x16.eq (local.get $a) (local.get $char)) (i8x16.eq (local.get $b) (local.get $char))
      (i8x16.eq (local.get $c) (local.get $char)) (i8x16.eq (local.get $d) (local.get $char))))

  ;; A set of characters is a pair of tables, over the low and the high half of a byte, with a bit in common for each pair of
  ;; halves that is in the set. Both get halves below 16, for which relaxed_swizzle is exact, and an instruction shorter.
  (func $kinds (param $v v128) (param $lows v128) (param $highs v128) (param $half v128) (result v128)
    (v128.and
      (i8x16.relaxed_swizzle (local.get $highs) (v128.and (i16x8.shr_u (local.get $v) (i32.const 4)) (local.get $half)))
      (i8x16.relaxed_swizzle (local.get $lows) (v128.and (local.get $v) (local.get $half)))))

  ;; Bytes that are not in a set.
  (func $others (param $a v128) (param $b v128) (param $c v128) (param $d v128)
      (param $lows v128) (param $highs v128) (param $half v128) (param $zero v128) (result i64)
    (call $bits
      (i8x16.eq (call $kinds (local.get $a) (local.get $lows) (local.get $highs) (local.get $half)) (local.get $zero))
      (i8x16.eq (call $kinds (local.get $b) (local.get $lows) (local.get $highs) (local.get $half)) (local.get $zero))
      (i8x16.eq (call $kinds (local.get $c) (local.get $lows) (local.get $highs) (local.get $half)) (local.get $zero))
      (i8x16.eq (call $kinds (local.get $d) (local.get $lows) (local.get $highs) (local.get $half)) (local.get $zero))))

  ;; Reads the next $length bytes of the value, from address 0; $first starts a new value. All pieces but the last are whole
  ;; blocks. Returns 0: it goes on in the next piece; e: it ends before byte e; ~e: it does, and is not JSON.
  (func (export "advance") (param $length i32) (param $first i32) (result i32)
    (local $at i32) (local $depth i32) (local $braces i32) (local $is_string i32) (local $ended i32)
    (local $inside i64) (local $escape i64) (local $hex i64) (local $fault i64)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $quote v128) (local $slash v128) (local $space v128) (local $control v128) (local $half v128) (local $zero v128)
    (local $least v128) (local $rare i32)
    (local $lows v128) (local $highs v128)
    (local $quotes i64) (local $slashes i64) (local $escaped i64) (local $strings i64) (local $wrong i64)
    (local $opens i64) (local $closes i64) (local $rest i64) (local $valid i64) (local $brace i64) (local $count i32)

    (if (local.get $first)
      (then
        (global.set $inside (i64.const 0)) (global.set $escape (i64.const 0)) (global.set $hex (i64.const 0))
        (global.set $depth (i32.const 0)) (global.set $braces (i32.const 0)) (global.set $fault (i64.const 0))))
    (local.set $inside (global.get $inside)) (local.set $escape (global.get $escape)) (local.set $hex (global.get $hex))
    (local.set $depth (global.get $depth)) (local.set $braces (global.get $braces)) (local.set $fault (global.get $fault))
    (local.set $is_string
      (select
        (i32.eq (i32.load8_u (i32.const 0)) (i32.const 0x22))
        (i32.eqz (local.get $depth))
        (local.get $first)))

    ;; In locals, because the compiler would build a constant anew at each use.
    (local.set $quote (i8x16.splat (i32.const 0x22)))
    (local.set $slash (i8x16.splat (i32.const 0x5c)))
    (local.set $space (i8x16.splat (i32.const 0x20)))
    (local.set $control (i8x16.splat (i32.const 0x1f)))
    (local.set $half (i8x16.splat (i32.const 15)))
    ;; What may stand outside strings: white space, "+,-.0-9:E[]aeflnrstu{}. Of the bits, 128 means braces and 64 brackets;
    ;; 1, 2, 4, 8, 32, 16 are the other characters with the high halves 0, 2, 3, 4, 6, 7.
    (local.set $highs (v128.const i8x16 1 0 2 4 8 64 32 144 0 0 0 0 0 0 0 0))
    (local.set $lows (v128.const i8x16 6 36 22 20 20 60 36 4 4 5 5 194 34 195 34 0))

    ;; Spaces after the piece fill up its last block.
    (v128.store offset=0 (local.get $length) (local.get $space))
    (v128.store offset=16 (local.get $length) (local.get $space))
    (v128.store offset=32 (local.get $length) (local.get $space))
    (v128.store offset=48 (local.get $length) (local.get $space))

    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $at) (local.get $length)))
        (local.set $a (v128.load offset=0 (local.get $at)))
        (local.set $b (v128.load offset=16 (local.get $at)))
        (local.set $c (v128.load offset=32 (local.get $at)))
        (local.set $d (v128.load offset=48 (local.get $at)))

        (local.set $quotes
          (call $equal (local.get $a) (local.get $b) (local.get $c) (local.get $d) (local.get $quote)))
        (local.set $wrong (i64.const 0))
        ;; Backslashes and control characters (by the smallest byte of each column) are rare, and looked for together.
        (local.set $least
          (i8x16.min_u
            (i8x16.min_u (local.get $a) (local.get $b))
            (i8x16.min_u (local.get $c) (local.get $d))))
        (local.set $rare
          (v128.any_true
            (v128.or
              (i8x16.eq (local.get $least) (i8x16.min_u (local.get $least) (local.get $control)))
              (v128.or
                (v128.or
                  (i8x16.eq (local.get $a) (local.get $slash))
                  (i8x16.eq (local.get $b) (local.get $slash)))
                (v128.or
                  (i8x16.eq (local.get $c) (local.get $slash))
                  (i8x16.eq (local.get $d) (local.get $slash)))))))
        (local.set $rest (i64.or (local.get $escape) (local.get $hex)))
        (local.set $rare (i32.or (local.get $rare) (i64.ne (local.get $rest) (i64.const 0))))

        (if (local.get $rare)
          (then
            (local.set $slashes
              (call $equal (local.get $a) (local.get $b) (local.get $c) (local.get $d) (local.get $slash)))
            ;; A character is escaped when an odd run of backslashes precedes it: the subtraction carries through each run, so
            ;; that runs which begin on even and on odd places come out differently (as in simdjson).
            (if (i64.ne (i64.or (local.get $rest) (local.get $slashes)) (i64.const 0))
              (then
                (local.set $rest (i64.and (local.get $slashes) (i64.xor (local.get $escape) (i64.const -1))))
                (local.set $rest
                  (i64.xor
                    (i64.sub
                      (i64.or (i64.shl (local.get $rest) (i64.const 1)) (i64.const 0xaaaaaaaaaaaaaaaa))
                      (local.get $rest))
                    (i64.const 0xaaaaaaaaaaaaaaaa)))
                (local.set $escaped (i64.xor (local.get $rest) (i64.or (local.get $slashes) (local.get $escape))))
                (local.set $escape (i64.shr_u (i64.and (local.get $rest) (local.get $slashes)) (i64.const 63)))
                (local.set $quotes (i64.and (local.get $quotes) (i64.xor (local.get $escaped) (i64.const -1))))
                ;; Only "\/bfnrtu may be escaped, and four hex digits follow the u.
                (local.set $wrong
                  (i64.and
                    (local.get $escaped)
                    (call $others (local.get $a) (local.get $b) (local.get $c) (local.get $d)
                      (v128.const i8x16 0 0 50 0 16 16 32 0 0 0 0 0 64 0 32 2)
                      (local.get $highs) (local.get $half) (local.get $zero))))
                (local.set $rest
                  (i64.and
                    (local.get $escaped)
                    (call $equal (local.get $a) (local.get $b) (local.get $c) (local.get $d) (i8x16.splat (i32.const 0x75)))))
                (if (i64.ne (i64.or (local.get $rest) (local.get $hex)) (i64.const 0))
                  (then
                    (local.set $wrong
                      (i64.or
                        (local.get $wrong)
                        (i64.and
                          (i64.or
                            (i64.or
                              (local.get $hex)
                              (i64.or (i64.shl (local.get $rest) (i64.const 1)) (i64.shl (local.get $rest) (i64.const 2))))
                            (i64.or (i64.shl (local.get $rest) (i64.const 3)) (i64.shl (local.get $rest) (i64.const 4))))
                          (call $others (local.get $a) (local.get $b) (local.get $c) (local.get $d)
                            (v128.const i8x16 4 44 44 44 44 44 44 4 4 4 0 0 0 0 0 0)
                            (local.get $highs) (local.get $half) (local.get $zero)))))
                    (local.set $hex
                      (i64.or
                        (i64.or (i64.shr_u (local.get $rest) (i64.const 63)) (i64.shr_u (local.get $rest) (i64.const 62)))
                        (i64.or (i64.shr_u (local.get $rest) (i64.const 61)) (i64.shr_u (local.get $rest) (i64.const 60))))))))))
          (else
            ;; The middle of a long string.
            (if (i64.eq (i64.and (local.get $inside) (i64.xor (local.get $quotes) (i64.const -1))) (i64.const -1))
              (then
                (local.set $at (i32.add (local.get $at) (i32.const 64)))
                (br $next)))))

        ;; Bytes in strings, the opening quote included, the closing one not: each bit is the parity of the quotes up to it.
        (local.set $strings (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 1))))
        (local.set $strings (i64.xor (local.get $strings) (i64.shl (local.get $strings) (i64.const 2))))
        (local.set $strings (i64.xor (local.get $strings) (i64.shl (local.get $strings) (i64.const 4))))
        (local.set $strings (i64.xor (local.get $strings) (i64.shl (local.get $strings) (i64.const 8))))
        (local.set $strings (i64.xor (local.get $strings) (i64.shl (local.get $strings) (i64.const 16))))
        (local.set $strings (i64.xor (local.get $strings) (i64.shl (local.get $strings) (i64.const 32))))
        (local.set $strings (i64.xor (local.get $strings) (local.get $inside)))
        (local.set $inside (i64.shr_s (local.get $strings) (i64.const 63)))

        ;; Control characters may not stand in strings.
        (if (local.get $rare)
          (then
            (local.set $wrong
              (i64.or
                (local.get $wrong)
                (i64.and
                  (local.get $strings)
                  (call $bits
                    (i8x16.lt_u (local.get $a) (local.get $space))
                    (i8x16.lt_u (local.get $b) (local.get $space))
                    (i8x16.lt_u (local.get $c) (local.get $space))
                    (i8x16.lt_u (local.get $d) (local.get $space))))))))

        ;; A string as the whole value ends with the first byte outside: its closing quote, where a hex digit may be missing.
        (if (local.get $is_string)
          (then
            (if (i64.eq (local.get $strings) (i64.const -1))
              (then
                (local.set $fault (i64.or (local.get $fault) (local.get $wrong)))
                (local.set $at (i32.add (local.get $at) (i32.const 64)))
                (br $next)))
            (local.set $rest (i64.ctz (i64.xor (local.get $strings) (i64.const -1))))
            (local.set $ended (i32.add (i32.add (local.get $at) (i32.wrap_i64 (local.get $rest))) (i32.const 1)))
            (local.set $fault
              (i64.or
                (local.get $fault)
                (i64.and (local.get $wrong) (i64.sub (i64.shl (i64.const 2) (local.get $rest)) (i64.const 1)))))
            (br $end)))

        ;; What remains stands outside strings. The kinds replace the bytes, of which only the bit is needed that opening
        ;; brackets of both kinds have and closing ones have not.
        (local.set $rest (i64.xor (local.get $strings) (i64.const -1)))
        (local.set $opens
          (call $bits
            (i16x8.shl (local.get $a) (i32.const 6)) (i16x8.shl (local.get $b) (i32.const 6))
            (i16x8.shl (local.get $c) (i32.const 6)) (i16x8.shl (local.get $d) (i32.const 6))))
        (local.set $a (call $kinds (local.get $a) (local.get $lows) (local.get $highs) (local.get $half)))
        (local.set $b (call $kinds (local.get $b) (local.get $lows) (local.get $highs) (local.get $half)))
        (local.set $c (call $kinds (local.get $c) (local.get $lows) (local.get $highs) (local.get $half)))
        (local.set $d (call $kinds (local.get $d) (local.get $lows) (local.get $highs) (local.get $half)))
        (local.set $wrong
          (i64.or
            (local.get $wrong)
            (i64.and
              (local.get $rest)
              (call $equal (local.get $a) (local.get $b) (local.get $c) (local.get $d) (local.get $zero)))))
        (local.set $brace
          (i64.and (local.get $rest) (call $bits (local.get $a) (local.get $b) (local.get $c) (local.get $d))))
        (local.set $closes
          (i64.or
            (local.get $brace)
            (i64.and
              (local.get $rest)
              (call $bits
                (i16x8.shl (local.get $a) (i32.const 1)) (i16x8.shl (local.get $b) (i32.const 1))
                (i16x8.shl (local.get $c) (i32.const 1)) (i16x8.shl (local.get $d) (i32.const 1))))))
        (local.set $opens (i64.and (local.get $opens) (local.get $closes)))
        (local.set $closes (i64.xor (local.get $closes) (local.get $opens)))

        (local.set $valid (i64.const -1))
        (local.set $count (i32.wrap_i64 (i64.popcnt (local.get $closes))))
        ;; Only where enough brackets close to end the value are they looked at one by one.
        (if (i32.ge_s (local.get $count) (local.get $depth))
          (then
            (local.set $rest (local.get $closes))
            (local.set $count (local.get $depth))
            (block $open
              (loop $close
                (br_if $open (i64.eqz (local.get $rest)))
                (local.set $count (i32.sub (local.get $count) (i32.const 1)))
                ;; Bits below and up to this bracket.
                (local.set $valid (i64.xor (local.get $rest) (i64.sub (local.get $rest) (i64.const 1))))
                (if (i32.eqz
                      (i32.add
                        (local.get $count)
                        (i32.wrap_i64 (i64.popcnt (i64.and (local.get $opens) (local.get $valid))))))
                  (then
                    (local.set $ended
                      (i32.add
                        (i32.add (local.get $at) (i32.const 1))
                        (i32.wrap_i64 (i64.ctz (local.get $rest)))))
                    (br $open)))
                (local.set $rest (i64.and (local.get $rest) (i64.sub (local.get $rest) (i64.const 1))))
                (br $close)))
            (if (i32.eqz (local.get $ended)) (then (local.set $valid (i64.const -1))))
            (local.set $opens (i64.and (local.get $opens) (local.get $valid)))
            (local.set $closes (i64.and (local.get $closes) (local.get $valid)))
            (local.set $count (i32.wrap_i64 (i64.popcnt (local.get $closes))))))

        (local.set $fault (i64.or (local.get $fault) (i64.and (local.get $wrong) (local.get $valid))))
        (local.set $depth
          (i32.add (local.get $depth) (i32.sub (i32.wrap_i64 (i64.popcnt (local.get $opens))) (local.get $count))))
        (local.set $braces
          (i32.add
            (local.get $braces)
            (i32.wrap_i64
              (i64.sub
                (i64.popcnt (i64.and (local.get $opens) (local.get $brace)))
                (i64.popcnt (i64.and (local.get $closes) (local.get $brace)))))))
        (br_if $end (local.get $ended))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br $next)))

    (if (local.get $ended)
      (then
        (return
          (if (result i32) (i32.or (i64.ne (local.get $fault) (i64.const 0)) (i32.ne (local.get $braces) (i32.const 0)))
            (then (i32.xor (local.get $ended) (i32.const -1)))
            (else (local.get $ended))))))
    (global.set $inside (local.get $inside)) (global.set $escape (local.get $escape)) (global.set $hex (local.get $hex))
    (global.set $depth (local.get $depth)) (global.set $braces (local.get $braces)) (global.set $fault (local.get $fault))
    (i32.const 0)))
