;; Checks one object, array or string against the whole grammar of JSON and finds its end, 64 bytes at a time.
;; Compiled into check-value.wasm.ts by build-wasm.mjs; driven by check-value.ts, which copies the value in piece by piece.
;;
;; $marks makes masks of the tokens, one bit per byte, and $advance checks these. They are two loops because one would run out of
;; registers. Nothing walks from token to token: what may follow what is a matter of masks. Only brackets are visited one by one, on a
;; stack of their kinds, which tells for each comma whether it stands in an object; and words such as `true`. The UTF-8 in strings is not
;; checked.
(module
  ;; From address 0 the piece, from 16384 what is known of its blocks (see $marks), from 65536 the kinds of brackets that do not fit
  ;; into $stack.
  (memory (export "memory") 2 2)

  ;; What a piece hands to the next one.
  (global $outside (mut i64) (i64.const -1))   ;; all ones: the piece did not end inside a string
  (global $wrong (mut i64) (i64.const 0))      ;; of the escapes and control characters of a block
  (global $escape (mut i64) (i64.const 0))     ;; 1: its last byte was a backslash that escapes the next one
  (global $hex (mut i64) (i64.const 0))        ;; bit n: byte n of the next block must be a hex digit of a \u escape
  ;; The kinds of the open brackets, 1 = brace: the innermost is bit 5, where the kinds differ as characters, and a 1 stands above the
  ;; outermost. Those that do not fit are bytes in memory, $spilled of them.
  (global $stack (mut i64) (i64.const 32))
  (global $spilled (mut i32) (i32.const 0))
  (global $is_string (mut i32) (i32.const 0))  ;; 1: the value is a string
  ;; 1: the last token was, or its last byte so far is ...
  (global $c_lead (mut i64) (i64.const 1))     ;; an opening bracket, comma or colon; or the value has yet to begin
  (global $c_open (mut i64) (i64.const 0))     ;; an opening bracket
  (global $c_place (mut i64) (i64.const 0))    ;; a brace, or a comma in an object
  (global $c_key (mut i64) (i64.const 0))      ;; the closing quote of a key
  (global $in_key (mut i64) (i64.const 0))     ;; the piece ended inside a key
  (global $c_run (mut i64) (i64.const 0))      ;; a byte of a number or word
  (global $c_stop (mut i64) (i64.const 0))     ;; the last byte of a word or a leading zero
  (global $word (mut i64) (i64.const 0))       ;; bit n: byte n of the next block belongs to a word that has begun
  (global $last_digits (mut i64) (i64.const 0));; the digits of the last block that had a number or word
  ;; Of the number that goes on in the next block.
  (global $c_digit (mut i64) (i64.const 0))    ;; its last byte so far is a digit
  (global $c_zero (mut i64) (i64.const 0))     ;; and the only one of its integer part, a zero
  (global $c_minus (mut i64) (i64.const 0))    ;; its only byte so far is the minus
  (global $c_point (mut i64) (i64.const 0))    ;; its last byte so far is the point, or ...
  (global $c_e (mut i64) (i64.const 0))        ;; ... the e of the exponent, or ...
  (global $c_sign (mut i64) (i64.const 0))     ;; ... a sign
  (global $in_fraction (mut i64) (i64.const 0));; it has a point
  (global $in_exponent (mut i64) (i64.const 0));; it has an e
  (global $special (mut i64) (i64.const 0))    ;; not 0: it is no plain row of digits

  ;; One bit per byte of the block, from the top bits of its four vectors.
  (func $bits (param $a v128) (param $b v128) (param $c v128) (param $d v128) (result i64)
    (i64.or
      (i64.extend_i32_u
        (i32.or (i8x16.bitmask (local.get $a)) (i32.shl (i8x16.bitmask (local.get $b)) (i32.const 16))))
      (i64.shl
        (i64.extend_i32_u
          (i32.or (i8x16.bitmask (local.get $c)) (i32.shl (i8x16.bitmask (local.get $d)) (i32.const 16))))
        (i64.const 32))))

  ;; Bytes equal to one character.
  (func $equal (param $a v128) (param $b v128) (param $c v128) (param $d v128) (param $char v128) (result i64)
    (call $bits
      (i8x16.eq (local.get $a) (local.get $char)) (i8x16.eq (local.get $b) (local.get $char))
      (i8x16.eq (local.get $c) (local.get $char)) (i8x16.eq (local.get $d) (local.get $char))))

  ;; A set of characters is a pair of tables, over the low and the high half of a byte, with a bit in common for each pair of
  ;; halves that is in the set. Both get halves below 16, for which relaxed_swizzle is exact, and an instruction shorter.
  (func $kinds (param $v v128) (param $lows v128) (param $highs v128) (param $half v128) (result v128)
    (v128.and
      (i8x16.relaxed_swizzle
        (local.get $highs)
        (v128.and (i16x8.shr_u (local.get $v) (i32.const 4)) (local.get $half)))
      (i8x16.relaxed_swizzle (local.get $lows) (v128.and (local.get $v) (local.get $half)))))

  ;; Bytes that are not in a set, which is given by its table of low halves.
  (func $others (param $a v128) (param $b v128) (param $c v128) (param $d v128) (param $lows v128) (result i64)
    (local $highs v128) (local $half v128) (local $zero v128)
    (local.set $highs (v128.const i8x16 1 0 2 4 8 64 32 144 0 0 0 0 0 0 0 0))
    (local.set $half (i8x16.splat (i32.const 15)))
    (call $bits
      (i8x16.eq (call $kinds (local.get $a) (local.get $lows) (local.get $highs) (local.get $half)) (local.get $zero))
      (i8x16.eq (call $kinds (local.get $b) (local.get $lows) (local.get $highs) (local.get $half)) (local.get $zero))
      (i8x16.eq (call $kinds (local.get $c) (local.get $lows) (local.get $highs) (local.get $half)) (local.get $zero))
      (i8x16.eq (call $kinds (local.get $d) (local.get $lows) (local.get $highs) (local.get $half)) (local.get $zero))))

  (func $not (param $mask i64) (result i64) (i64.xor (local.get $mask) (i64.const -1)))

  ;; Adds to each place the blanks right behind it, and to $first, which is 1 when the last block ended so, those that this one begins with:
  ;; the sum carries through a run of blanks.
  (func $spread (param $places i64) (param $first i64) (param $blanks i64) (result i64)
    (i64.or
      (local.get $places)
      (i64.and
        (local.get $blanks)
        (call $not
          (i64.add
            (local.get $blanks)
            (i64.and (local.get $blanks) (i64.add (i64.shl (local.get $places) (i64.const 1)) (local.get $first))))))))

  ;; Bit n: the parity of the bits up to n.
  (func $parity (param $m i64) (result i64)
    (local.set $m (i64.xor (local.get $m) (i64.shl (local.get $m) (i64.const 1))))
    (local.set $m (i64.xor (local.get $m) (i64.shl (local.get $m) (i64.const 2))))
    (local.set $m (i64.xor (local.get $m) (i64.shl (local.get $m) (i64.const 4))))
    (local.set $m (i64.xor (local.get $m) (i64.shl (local.get $m) (i64.const 8))))
    (local.set $m (i64.xor (local.get $m) (i64.shl (local.get $m) (i64.const 16))))
    (i64.xor (local.get $m) (i64.shl (local.get $m) (i64.const 32))))

  (func $forget
    (global.set $outside (i64.const -1))
    (global.set $c_lead (i64.const 1))
    (global.set $escape (i64.const 0))
    (global.set $hex (i64.const 0))
    (global.set $stack (i64.const 32))
    (global.set $spilled (i32.const 0))
    (global.set $c_open (i64.const 0))
    (global.set $c_place (i64.const 0))
    (global.set $c_key (i64.const 0))
    (global.set $in_key (i64.const 0))
    (global.set $c_run (i64.const 0))
    (global.set $word (i64.const 0))
    (global.set $c_stop (i64.const 0))
    (global.set $last_digits (i64.const 0))
    (global.set $c_minus (i64.const 0))
    (global.set $c_point (i64.const 0))
    (global.set $c_e (i64.const 0))
    (global.set $c_sign (i64.const 0))
    (global.set $in_fraction (i64.const 0))
    (global.set $in_exponent (i64.const 0))
    (global.set $special (i64.const 0))
    (global.set $is_string (i32.eq (i32.load8_u (i32.const 0)) (i32.const 0x22))))

  ;; The quotes of a block without those that are escaped. What is wrong with its escapes goes to $wrong.
  (func $unescaped (param $at i32) (param $quotes i64) (result i64)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $slashes i64) (local $escaped i64) (local $rest i64) (local $wrong i64)
    (local.set $a (v128.load offset=0 (local.get $at)))
    (local.set $b (v128.load offset=16 (local.get $at)))
    (local.set $c (v128.load offset=32 (local.get $at)))
    (local.set $d (v128.load offset=48 (local.get $at)))
    (local.set $slashes
      (call $equal (local.get $a) (local.get $b) (local.get $c) (local.get $d) (i8x16.splat (i32.const 0x5c))))
    ;; A character is escaped when an odd run of backslashes precedes it: the subtraction carries through each run, so
    ;; that runs which begin on even and on odd places come out differently (as in simdjson).
    (if (i64.ne (i64.or (i64.or (global.get $escape) (global.get $hex)) (local.get $slashes)) (i64.const 0))
      (then
        (local.set $rest (i64.and (local.get $slashes) (i64.xor (global.get $escape) (i64.const -1))))
        (local.set $rest
          (i64.xor
            (i64.sub
              (i64.or (i64.shl (local.get $rest) (i64.const 1)) (i64.const 0xaaaaaaaaaaaaaaaa))
              (local.get $rest))
            (i64.const 0xaaaaaaaaaaaaaaaa)))
        (local.set $escaped (i64.xor (local.get $rest) (i64.or (local.get $slashes) (global.get $escape))))
        (global.set $escape (i64.shr_u (i64.and (local.get $rest) (local.get $slashes)) (i64.const 63)))
        (local.set $quotes (i64.and (local.get $quotes) (i64.xor (local.get $escaped) (i64.const -1))))
        ;; Only "\/bfnrtu may be escaped, and four hex digits follow the u.
        (local.set $wrong
          (i64.and
            (local.get $escaped)
            (call $others (local.get $a) (local.get $b) (local.get $c) (local.get $d)
              (v128.const i8x16 0 0 50 0 16 16 32 0 0 0 0 0 64 0 32 2))))
        (local.set $rest
          (i64.and
            (local.get $escaped)
            (call $equal (local.get $a) (local.get $b) (local.get $c) (local.get $d) (i8x16.splat (i32.const 0x75)))))
        (if (i64.ne (i64.or (local.get $rest) (global.get $hex)) (i64.const 0))
          (then
            (local.set $wrong
              (i64.or
                (local.get $wrong)
                (i64.and
                  (i64.or
                    (i64.or
                      (global.get $hex)
                      (i64.or (i64.shl (local.get $rest) (i64.const 1)) (i64.shl (local.get $rest) (i64.const 2))))
                    (i64.or (i64.shl (local.get $rest) (i64.const 3)) (i64.shl (local.get $rest) (i64.const 4))))
                  (call $others (local.get $a) (local.get $b) (local.get $c) (local.get $d)
                    (v128.const i8x16 4 44 44 44 44 44 44 4 4 4 0 0 0 0 0 0)))))
            (global.set $hex
              (i64.or
                (i64.or (i64.shr_u (local.get $rest) (i64.const 63)) (i64.shr_u (local.get $rest) (i64.const 62)))
                (i64.or (i64.shr_u (local.get $rest) (i64.const 61)) (i64.shr_u (local.get $rest) (i64.const 60)))))))))
    (global.set $wrong (local.get $wrong))
    (local.get $quotes))

  ;; Control characters may not stand in strings, and elsewhere only as white space: adds to $wrong, and returns those that are blanks.
  (func $controls (param $at i32) (param $out i64) (result i64)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $space v128) (local $rest i64) (local $others i64)
    (local.set $a (v128.load offset=0 (local.get $at)))
    (local.set $b (v128.load offset=16 (local.get $at)))
    (local.set $c (v128.load offset=32 (local.get $at)))
    (local.set $d (v128.load offset=48 (local.get $at)))
    (local.set $space (i8x16.splat (i32.const 0x20)))
    (local.set $rest
      (call $bits
        (i8x16.lt_u (local.get $a) (local.get $space))
        (i8x16.lt_u (local.get $b) (local.get $space))
        (i8x16.lt_u (local.get $c) (local.get $space))
        (i8x16.lt_u (local.get $d) (local.get $space))))
    (if (i64.eqz (local.get $rest)) (then (return (i64.const 0))))
    (local.set $others
      (call $others (local.get $a) (local.get $b) (local.get $c) (local.get $d)
        (v128.const i8x16 0 0 0 0 0 0 0 0 0 1 1 0 0 1 0 0)))
    (global.set $wrong
      (i64.or
        (global.get $wrong)
        (i64.and (local.get $rest) (i64.or (call $not (local.get $out)) (local.get $others)))))
    (i64.and (local.get $rest) (call $not (local.get $others))))

  ;; The sets of characters that $marks tells apart: 128 digit, 64 closing and 32 opening bracket, 16 colon, 8 comma, 4 backslash, 2 control
  ;; character, 1 digit zero and space.
  (func $lows (result v128) (v128.const i8x16 131 130 130 130 130 130 130 130 130 130 18 34 14 66 2 2))
  (func $highs (result v128) (v128.const i8x16 2 2 9 145 0 100 0 96 0 0 0 0 0 0 0 0))

  ;; Makes the record of a block that has escapes or control characters, or begins with the rest of an escape. Returns what $outside
  ;; is then.
  (func $careful (param $at i32) (param $to i32) (param $outside i64) (result i64)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $half v128) (local $highs v128) (local $lows v128) (local $limit v128)
    (local $quotes i64) (local $out i64) (local $blanks i64)
    (local.set $a (v128.load offset=0 (local.get $at)))
    (local.set $b (v128.load offset=16 (local.get $at)))
    (local.set $c (v128.load offset=32 (local.get $at)))
    (local.set $d (v128.load offset=48 (local.get $at)))
    (local.set $quotes
      (call $unescaped
        (local.get $at)
        (call $equal (local.get $a) (local.get $b) (local.get $c) (local.get $d) (i8x16.splat (i32.const 0x22)))))
    (local.set $out (i64.xor (call $parity (local.get $quotes)) (local.get $outside)))
    (local.set $blanks (call $controls (local.get $at) (local.get $out)))
    (i64.store offset=0 (local.get $to) (local.get $out))
    (i64.store offset=8 (local.get $to) (local.get $quotes))
    (i64.store offset=40 (local.get $to) (global.get $wrong))
    (i32.store offset=48 (local.get $to) (local.get $at))
    (local.set $lows (call $lows))
    (local.set $highs (call $highs))
    (local.set $half (i8x16.splat (i32.const 15)))
    (local.set $a (call $kinds (local.get $a) (local.get $lows) (local.get $highs) (local.get $half)))
    (local.set $b (call $kinds (local.get $b) (local.get $lows) (local.get $highs) (local.get $half)))
    (local.set $c (call $kinds (local.get $c) (local.get $lows) (local.get $highs) (local.get $half)))
    (local.set $d (call $kinds (local.get $d) (local.get $lows) (local.get $highs) (local.get $half)))
    (local.set $limit (i8x16.splat (i32.const 7)))
    (i64.store offset=16
      (local.get $to)
      (call $bits
        (i8x16.gt_s (local.get $a) (local.get $limit)) (i8x16.gt_s (local.get $b) (local.get $limit))
        (i8x16.gt_s (local.get $c) (local.get $limit)) (i8x16.gt_s (local.get $d) (local.get $limit))))
    (local.set $limit (i8x16.splat (i32.const 96)))
    (i64.store offset=24
      (local.get $to)
      (call $bits
        (i8x16.add (local.get $a) (local.get $limit)) (i8x16.add (local.get $b) (local.get $limit))
        (i8x16.add (local.get $c) (local.get $limit)) (i8x16.add (local.get $d) (local.get $limit))))
    (local.set $limit (i8x16.splat (i32.const 81)))
    (local.set $half (v128.const i64x2 0 0))
    (i64.store offset=32
      (local.get $to)
      (i64.and
        (call $not (local.get $blanks))
        (call $bits
          (i8x16.eq (v128.and (local.get $a) (local.get $limit)) (local.get $half))
          (i8x16.eq (v128.and (local.get $b) (local.get $limit)) (local.get $half))
          (i8x16.eq (v128.and (local.get $c) (local.get $limit)) (local.get $half))
          (i8x16.eq (v128.and (local.get $d) (local.get $limit)) (local.get $half)))))
    (i64.shr_s (local.get $out) (i64.const 63)))

  ;; Finds the tokens in the piece of $length bytes: for each block but those within a string a record of 56 bytes from address 16384 on.
  ;; Returns the end of the records. In a record stand the masks of what is outside of strings (closing quotes are), quotes, p, q, r, what is
  ;; wrong with its escapes and control characters, and the address of the block.
  ;;
  ;; Outside of strings p, q and r tell apart: with p, the commas (r) and colons; with p and q, opening (r) and closing brackets; with q, the
  ;; digits 1 to 9 (r) and 0; with none of the two, other bytes, quotes included (r), and blanks. They are written in parts of two bytes,
  ;; which is cheaper than to shift these together, since they are not read before the next loop.
  (func $marks (param $length i32) (result i32)
    (local $at i32) (local $to i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $quote v128) (local $half v128) (local $highs v128) (local $lows v128) (local $zero v128)
    (local $some v128) (local $upper v128) (local $second v128) (local $odd v128)
    (local $outside i64) (local $quotes i64) (local $out i64)
    (local.set $to (i32.const 16384))
    (local.set $outside (global.get $outside))
    (block $end
      (loop $outer
        (local.set $quote (i8x16.splat (i32.const 0x22)))
        (local.set $half (i8x16.splat (i32.const 15)))
        (local.set $lows (call $lows))
        (local.set $highs (call $highs))
        (local.set $some (i8x16.splat (i32.const 7)))
        (local.set $upper (i8x16.splat (i32.const 96)))
        (local.set $second (i8x16.splat (i32.const 81)))
        (local.set $odd (i8x16.splat (i32.const 6)))
        (block $rare
          (br_if $rare (i64.ne (i64.or (global.get $escape) (global.get $hex)) (i64.const 0)))
          (loop $next
            (br_if $end (i32.ge_u (local.get $at) (local.get $length)))
            (local.set $a (v128.load offset=0 (local.get $at)))
            (local.set $b (v128.load offset=16 (local.get $at)))
            (local.set $c (v128.load offset=32 (local.get $at)))
            (local.set $d (v128.load offset=48 (local.get $at)))
            (local.set $quotes
              (call $equal (local.get $a) (local.get $b) (local.get $c) (local.get $d) (local.get $quote)))
            (local.set $a (call $kinds (local.get $a) (local.get $lows) (local.get $highs) (local.get $half)))
            (local.set $b (call $kinds (local.get $b) (local.get $lows) (local.get $highs) (local.get $half)))
            (local.set $c (call $kinds (local.get $c) (local.get $lows) (local.get $highs) (local.get $half)))
            (local.set $d (call $kinds (local.get $d) (local.get $lows) (local.get $highs) (local.get $half)))
            (br_if $rare
              (v128.any_true
                (v128.and
                  (v128.or (v128.or (local.get $a) (local.get $b)) (v128.or (local.get $c) (local.get $d)))
                  (local.get $odd))))
            ;; The middle of a long string.
            (if (i64.eqz (i64.or (local.get $outside) (local.get $quotes)))
              (then
                (local.set $at (i32.add (local.get $at) (i32.const 64)))
                (br $next)))
            (local.set $out (i64.xor (call $parity (local.get $quotes)) (local.get $outside)))
            (local.set $outside (i64.shr_s (local.get $out) (i64.const 63)))
            (i64.store offset=0 (local.get $to) (local.get $out))
            (i64.store offset=8 (local.get $to) (local.get $quotes))
            (i64.store offset=40 (local.get $to) (i64.const 0))
            (i32.store offset=48 (local.get $to) (local.get $at))
            (i32.store16 offset=16 (local.get $to) (i8x16.bitmask (i8x16.gt_s (local.get $a) (local.get $some))))
            (i32.store16 offset=18 (local.get $to) (i8x16.bitmask (i8x16.gt_s (local.get $b) (local.get $some))))
            (i32.store16 offset=20 (local.get $to) (i8x16.bitmask (i8x16.gt_s (local.get $c) (local.get $some))))
            (i32.store16 offset=22 (local.get $to) (i8x16.bitmask (i8x16.gt_s (local.get $d) (local.get $some))))
            (i32.store16 offset=24 (local.get $to) (i8x16.bitmask (i8x16.add (local.get $a) (local.get $upper))))
            (i32.store16 offset=26 (local.get $to) (i8x16.bitmask (i8x16.add (local.get $b) (local.get $upper))))
            (i32.store16 offset=28 (local.get $to) (i8x16.bitmask (i8x16.add (local.get $c) (local.get $upper))))
            (i32.store16 offset=30 (local.get $to) (i8x16.bitmask (i8x16.add (local.get $d) (local.get $upper))))
            (i32.store16 offset=32 (local.get $to)
              (i8x16.bitmask (i8x16.eq (v128.and (local.get $a) (local.get $second)) (local.get $zero))))
            (i32.store16 offset=34 (local.get $to)
              (i8x16.bitmask (i8x16.eq (v128.and (local.get $b) (local.get $second)) (local.get $zero))))
            (i32.store16 offset=36 (local.get $to)
              (i8x16.bitmask (i8x16.eq (v128.and (local.get $c) (local.get $second)) (local.get $zero))))
            (i32.store16 offset=38 (local.get $to)
              (i8x16.bitmask (i8x16.eq (v128.and (local.get $d) (local.get $second)) (local.get $zero))))
            (local.set $to (i32.add (local.get $to) (i32.const 56)))
            (local.set $at (i32.add (local.get $at) (i32.const 64)))
            (br $next)))
        ;; Called from outside of the inner loop, so that this keeps its registers.
        (br_if $end (i32.ge_u (local.get $at) (local.get $length)))
        (local.set $outside (call $careful (local.get $at) (local.get $to) (local.get $outside)))
        (local.set $to (i32.add (local.get $to) (i32.const 56)))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br $outer)))
    (global.set $outside (local.get $outside))
    (local.get $to))

  ;; The numbers of the block at $at: $runs are their places, $starts the first of each, $digits their digits, $zeros the digits 0. Returns
  ;; what is wrong.
  (func $numbers (param $at i32) (param $runs i64) (param $starts i64) (param $digits i64) (param $zeros i64) (result i64)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $space v128)
    (local $minus i64) (local $sign i64) (local $point i64) (local $e i64) (local $zero i64) (local $wrong i64)
    (local $after i64) (local $sum i64) (local $on i64)
    ;; E and e are one, and nothing else becomes a byte of a number by this bit.
    (local.set $space (i8x16.splat (i32.const 0x20)))
    (local.set $a (v128.or (local.get $space) (v128.load offset=0 (local.get $at))))
    (local.set $b (v128.or (local.get $space) (v128.load offset=16 (local.get $at))))
    (local.set $c (v128.or (local.get $space) (v128.load offset=32 (local.get $at))))
    (local.set $d (v128.or (local.get $space) (v128.load offset=48 (local.get $at))))
    (local.set $point
      (i64.and
        (local.get $runs)
        (call $equal (local.get $a) (local.get $b) (local.get $c) (local.get $d) (i8x16.splat (i32.const 0x2e)))))
    ;; As most often: nothing but digits and points, and no number that goes on. What is checked is said below.
    (if (i64.eqz (i64.or (global.get $special) (i64.xor (i64.xor (local.get $runs) (local.get $digits)) (local.get $point))))
      (then
        (local.set $zero (i64.and (local.get $zeros) (local.get $starts)))
        (local.set $sum (i64.add (local.get $runs) (local.get $point)))
        (local.set $wrong
          (i64.or
            (i64.or
              (i64.and (local.get $digits) (i64.or (i64.shl (local.get $zero) (i64.const 1)) (global.get $c_zero)))
              (i64.and
                (local.get $point)
                (i64.or
                  (local.get $sum)
                  (call $not (i64.or (i64.shl (local.get $digits) (i64.const 1)) (global.get $c_digit))))))
            (i64.and (i64.shl (local.get $point) (i64.const 1)) (call $not (local.get $digits)))))
        (global.set $c_digit (i64.shr_u (local.get $digits) (i64.const 63)))
        (global.set $c_zero (i64.shr_u (local.get $zero) (i64.const 63)))
        (global.set $c_point (i64.shr_u (local.get $point) (i64.const 63)))
        (global.set $in_fraction (i64.extend_i32_u (i64.lt_u (local.get $sum) (local.get $runs))))
        (global.set $special (i64.or (global.get $c_point) (global.get $in_fraction)))
        (return (local.get $wrong))))
    (local.set $minus
      (i64.and
        (local.get $runs)
        (call $equal (local.get $a) (local.get $b) (local.get $c) (local.get $d) (i8x16.splat (i32.const 0x2d)))))
    (local.set $sign
      (i64.or
        (local.get $minus)
        (i64.and
          (local.get $runs)
          (call $equal (local.get $a) (local.get $b) (local.get $c) (local.get $d) (i8x16.splat (i32.const 0x2b))))))
    (local.set $e
      (i64.and
        (local.get $runs)
        (call $equal (local.get $a) (local.get $b) (local.get $c) (local.get $d) (i8x16.splat (i32.const 0x65)))))

    ;; The first digit of the integer part; if it is a zero, no digit follows.
    (local.set $zero
      (i64.and
        (local.get $zeros)
        (i64.or
          (local.get $starts)
          (i64.or
            (i64.shl (i64.and (local.get $starts) (local.get $minus)) (i64.const 1))
            (global.get $c_minus)))))
    (local.set $wrong
      (i64.or
        (i64.and
          (i64.or (i64.shl (local.get $zero) (i64.const 1)) (global.get $c_zero))
          (local.get $digits))
        (i64.or
          (i64.and
            (local.get $runs)
            (call $not (i64.or (i64.or (local.get $digits) (local.get $sign)) (i64.or (local.get $point) (local.get $e)))))
          (i64.and (local.get $starts) (call $not (i64.or (local.get $digits) (local.get $minus)))))))
    ;; A point and an e follow a digit, a plus an e, a minus too unless it begins the number.
    (local.set $after (i64.or (i64.shl (local.get $e) (i64.const 1)) (global.get $c_e)))
    (local.set $wrong
      (i64.or
        (local.get $wrong)
        (i64.or
          (i64.and
            (i64.or (local.get $point) (local.get $e))
            (call $not (i64.or (i64.shl (local.get $digits) (i64.const 1)) (global.get $c_digit))))
          (i64.and
            (local.get $sign)
            (call $not (i64.or (local.get $after) (i64.and (local.get $minus) (local.get $starts))))))))
    ;; A digit follows a point and a sign; or a sign, an e.
    (local.set $wrong
      (i64.or
        (local.get $wrong)
        (i64.or
          (i64.and (local.get $after) (call $not (i64.or (local.get $digits) (local.get $sign))))
          (i64.and
            (i64.or
              (i64.shl (i64.or (local.get $point) (local.get $sign)) (i64.const 1))
              (i64.or (global.get $c_point) (global.get $c_sign)))
            (call $not (local.get $digits))))))
    ;; One point and one e at most, the point first. Added to its number, a mark clears all bits from its own to the end;
    ;; the bit of a second one is set again.
    (local.set $on (i64.and (i64.const 1) (i64.and (local.get $runs) (call $not (local.get $starts)))))
    (global.set $in_fraction (i64.and (global.get $in_fraction) (local.get $on)))
    (global.set $in_exponent (i64.and (global.get $in_exponent) (local.get $on)))
    (local.set $sum (i64.add (i64.add (local.get $runs) (local.get $point)) (global.get $in_fraction)))
    (local.set $wrong
      (i64.or
        (local.get $wrong)
        (i64.and (local.get $point) (i64.or (local.get $sum) (global.get $in_fraction)))))
    (global.set $in_fraction
      (call $carried (local.get $runs) (local.get $point) (global.get $in_fraction)))
    (local.set $sum (i64.add (i64.add (local.get $runs) (local.get $e)) (global.get $in_exponent)))
    (local.set $wrong
      (i64.or
        (local.get $wrong)
        (i64.or
          (i64.and (local.get $e) (i64.or (local.get $sum) (global.get $in_exponent)))
          (i64.and (local.get $point) (call $not (local.get $sum))))))
    (global.set $in_exponent
      (call $carried (local.get $runs) (local.get $e) (global.get $in_exponent)))

    (global.set $c_digit (i64.shr_u (local.get $digits) (i64.const 63)))
    (global.set $c_zero (i64.shr_u (local.get $zero) (i64.const 63)))
    (global.set $c_minus (i64.shr_u (i64.and (local.get $starts) (local.get $minus)) (i64.const 63)))
    (global.set $c_point (i64.shr_u (local.get $point) (i64.const 63)))
    (global.set $c_e (i64.shr_u (local.get $e) (i64.const 63)))
    (global.set $c_sign (i64.shr_u (local.get $sign) (i64.const 63)))
    (global.set $special
      (i64.or
        (i64.or (i64.or (global.get $c_minus) (global.get $c_point)) (i64.or (global.get $c_e) (global.get $c_sign)))
        (i64.or (global.get $in_fraction) (global.get $in_exponent))))
    (local.get $wrong))

  ;; 1: the sum of the three, of which the last is 0 or 1, has a 65th bit.
  (func $carried (param $one i64) (param $two i64) (param $three i64) (result i64)
    (local $sum i64)
    (local.set $sum (i64.add (local.get $one) (local.get $two)))
    (i64.extend_i32_u
      (i32.or
        (i64.lt_u (local.get $sum) (local.get $one))
        (i64.lt_u (i64.add (local.get $sum) (local.get $three)) (local.get $sum)))))

  ;; Brings the stack to as many kinds as the brackets of a block take off and, with those that they put on, as fit: the others
  ;; go to memory, from address 65536 on, or come back. Returns 0 when there is not enough room.
  (func $balance (param $stack i64) (param $opens i64) (param $closes i64) (result i64)
    (local $held i64) (local $wanted i64)
    (local.set $stack (i64.shr_u (local.get $stack) (i64.const 5)))
    (local.set $held (i64.sub (i64.const 63) (i64.clz (local.get $stack))))
    ;; One more, so that the stack is empty only when the value ends.
    (local.set $wanted (i64.add (i64.popcnt (local.get $closes)) (i64.const 1)))
    (block $enough
      (loop $more
        (br_if $enough (i32.eqz (global.get $spilled)))
        (br_if $enough (i64.ge_u (local.get $held) (local.get $wanted)))
        (global.set $spilled (i32.sub (global.get $spilled) (i32.const 1)))
        ;; Its 1 moves up, and the kind takes its place.
        (local.set $stack
          (i64.add
            (local.get $stack)
            (i64.shl
              (i64.add (i64.load8_u offset=65536 (global.get $spilled)) (i64.const 1))
              (local.get $held))))
        (local.set $held (i64.add (local.get $held) (i64.const 1)))
        (br $more)))
    (if (i64.gt_u (i64.add (local.get $held) (i64.popcnt (local.get $opens))) (i64.const 55))
      (then
        (if (i32.gt_u (global.get $spilled) (i32.const 65472)) (then (return (i64.const 0))))
        (block $fewer
          (loop $less
            (br_if $fewer (i64.le_u (local.get $held) (local.get $wanted)))
            (local.set $held (i64.sub (local.get $held) (i64.const 1)))
            ;; The kind below the 1, which moves down.
            (i64.store8 offset=65536
              (global.get $spilled)
              (i64.and (i64.const 1) (i64.shr_u (local.get $stack) (local.get $held))))
            (global.set $spilled (i32.add (global.get $spilled) (i32.const 1)))
            (local.set $stack
              (i64.or
                (i64.and (local.get $stack) (i64.sub (i64.shl (i64.const 1) (local.get $held)) (i64.const 1)))
                (i64.shl (i64.const 1) (local.get $held))))
            (br $less)))))
    ;; A block of nearly nothing but brackets may need more room than there is.
    (if (i64.gt_u (i64.add (local.get $held) (i64.popcnt (local.get $opens))) (i64.const 55)) (then (return (i64.const 0))))
    (i64.shl (local.get $stack) (i64.const 5)))

  ;; The bracket of a block with which the value ends; 0 when one up to there closes another kind than its own.
  (func $last (param $stack i64) (param $opens i64) (param $closes i64) (param $at i32) (result i64)
    (local $rest i64) (local $bit i64) (local $kind i64)
    (local.set $rest (i64.or (local.get $opens) (local.get $closes)))
    (loop $bracket
      (if (i64.eqz (local.get $rest)) (then (return (i64.const 0))))
      (local.set $bit (i64.and (local.get $rest) (i64.sub (i64.const 0) (local.get $rest))))
      (local.set $kind
        (i64.and
          (i64.const 32)
          (i64.load8_u (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $rest)))))))
      (local.set $rest (i64.xor (local.get $rest) (local.get $bit)))
      (if (i64.ne (i64.and (local.get $opens) (local.get $bit)) (i64.const 0))
        (then (local.set $stack (i64.or (i64.shl (local.get $stack) (i64.const 1)) (local.get $kind))))
        (else
          (if (i64.ne (i64.and (local.get $stack) (i64.const 32)) (local.get $kind)) (then (return (i64.const 0))))
          (local.set $stack (i64.and (i64.const -32) (i64.shr_u (local.get $stack) (i64.const 1))))))
      (br_if $bracket (i64.ne (local.get $stack) (i64.const 32))))
    (local.get $bit))

  ;; A string as the whole value ends with the first byte outside: its closing quote, where a hex digit may be missing. Results as those
  ;; of $advance; the records end at $end.
  (func $string (param $end i32) (result i32)
    (local $from i32) (local $rest i64)
    (local.set $from (i32.const 16384))
    (block $over
      (loop $next
        (br_if $over (i32.ge_u (local.get $from) (local.get $end)))
        (local.set $rest (i64.load offset=0 (local.get $from)))
        (if (i64.ne
              (i64.and
                (i64.load offset=40 (local.get $from))
                (i64.xor (local.get $rest) (i64.sub (local.get $rest) (i64.const 1))))
              (i64.const 0))
          (then (return (i32.const -1))))
        (if (i64.ne (local.get $rest) (i64.const 0))
          (then
            (return
              (i32.add
                (i32.add (i32.load offset=48 (local.get $from)) (i32.const 1))
                (i32.wrap_i64 (i64.ctz (local.get $rest)))))))
        (local.set $from (i32.add (local.get $from) (i32.const 56)))
        (br $next)))
    (i32.const 0))

  ;; Reads the next $length bytes of the value, from address 0; $first starts a new value. All pieces but the last are whole
  ;; blocks, and the first bytes of the next one are copied behind them, $copied in all, so that words can be read whole.
  ;; Returns 0: it goes on in the next piece; e: it ends before byte e; -1: it is not JSON; -2: it is nested too deep.
  (func (export "advance") (param $length i32) (param $copied i32) (param $first i32) (result i32)
    (local $at i32) (local $from i32) (local $end i32) (local $result i32)
    (local $out i64) (local $quotes i64) (local $wrong i64) (local $rest i64) (local $others i64)
    (local $structural i64) (local $brackets i64) (local $opens i64) (local $closes i64) (local $commas i64) (local $colons i64)
    (local $run i64) (local $starts i64) (local $digits i64) (local $zeros i64) (local $blanks i64) (local $begins i64)
    (local $stack i64) (local $before i64) (local $tops i64) (local $smallest i64) (local $next i64) (local $char i64) (local $fewer i64)
    (local $words i64) (local $word i64) (local $text i32) (local $letter i32) (local $bit i64) (local $past i64)
    (local $last_digits i64) (local $c_stop i64)
    (local $leads i64) (local $key i64)
    (local $c_lead i64) (local $c_open i64) (local $c_place i64) (local $c_key i64) (local $c_run i64) (local $in_key i64)

    (if (local.get $first) (then (call $forget)))
    ;; Spaces behind what was copied fill up the last block.
    (v128.store offset=0 (local.get $copied) (i8x16.splat (i32.const 0x20)))
    (v128.store offset=16 (local.get $copied) (i8x16.splat (i32.const 0x20)))
    (v128.store offset=32 (local.get $copied) (i8x16.splat (i32.const 0x20)))
    (v128.store offset=48 (local.get $copied) (i8x16.splat (i32.const 0x20)))
    (local.set $end (call $marks (local.get $length)))
    (local.set $from (i32.const 16384))
    (if (global.get $is_string) (then (return (call $string (local.get $end)))))
    (local.set $stack (global.get $stack))
    (local.set $c_lead (global.get $c_lead)) (local.set $c_open (global.get $c_open))
    (local.set $c_place (global.get $c_place)) (local.set $c_key (global.get $c_key))
    (local.set $c_run (global.get $c_run)) (local.set $in_key (global.get $in_key))
    (local.set $word (global.get $word)) (local.set $c_stop (global.get $c_stop))
    (local.set $last_digits (global.get $last_digits))

    (block $over
      (loop $once_more
        (block $odd
          (loop $next_block
            (br_if $over (i32.ge_u (local.get $from) (local.get $end)))
            (local.set $out (i64.load offset=0 (local.get $from)))
            (local.set $structural (i64.and (local.get $out) (i64.load offset=16 (local.get $from))))
            (local.set $brackets (i64.and (local.get $structural) (i64.load offset=24 (local.get $from))))
            (local.set $opens (i64.and (local.get $brackets) (i64.load offset=32 (local.get $from))))
            (local.set $closes (i64.xor (local.get $brackets) (local.get $opens)))

            ;; Each opening bracket puts its kind on the stack, each closing one takes one off, which must be its own: what is left of a
            ;; wrong one gets below bit 5. $tops are the brackets behind which one is in an object.
            (local.set $before (local.get $stack))
            (local.set $tops (i64.const 0))
            (if (i64.ne (local.get $brackets) (i64.const 0))
              (then
                (local.set $rest (local.get $brackets))
                (local.set $at (i32.load offset=48 (local.get $from)))
                (local.set $smallest (i64.const 0))
                (loop $bracket
                  (local.set $fewer (i64.and (local.get $rest) (i64.sub (local.get $rest) (i64.const 1))))
                  (local.set $bit (i64.xor (local.get $rest) (local.get $fewer)))
                  (local.set $char (i64.load8_u (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $rest))))))
                  (local.set $stack
                    (select
                      (i64.add (i64.add (i64.shl (local.get $stack) (i64.const 1)) (local.get $char)) (i64.const -0x5b))
                      (i64.shr_u (i64.sub (i64.add (local.get $stack) (i64.const 0x5d)) (local.get $char)) (i64.const 1))
                      (i32.and (i32.wrap_i64 (local.get $char)) (i32.const 2))))
                  (local.set $smallest (i64.or (local.get $smallest) (i64.sub (local.get $stack) (i64.const 64))))
                  (local.set $tops
                    (select
                      (i64.or (local.get $tops) (local.get $bit))
                      (local.get $tops)
                      (i32.and (i32.wrap_i64 (local.get $stack)) (i32.const 32))))
                  (local.set $rest (local.get $fewer))
                  (br_if $bracket (i64.ne (local.get $rest) (i64.const 0))))
                (br_if $odd (i64.ne (i64.and (local.get $smallest) (i64.const 0xc00000000000001f)) (i64.const 0)))))
            ;; The places in objects: from behind a bracket of $tops, a sum carries through what is no bracket.
            (local.set $rest (call $not (local.get $brackets)))
            (local.set $tops
              (i64.or
                (local.get $tops)
                (i64.and
                  (local.get $rest)
                  (call $not
                    (i64.add
                      (local.get $rest)
                      (i64.and
                        (local.get $rest)
                        (i64.add
                          (i64.shl (local.get $tops) (i64.const 1))
                          (i64.and (i64.const 1) (i64.shr_u (local.get $before) (i64.const 5))))))))))
            (local.set $wrong (i64.load offset=40 (local.get $from)))

            ;; Numbers and words: what the runs of other bytes have to be.
            (local.set $rest (i64.xor (local.get $out) (local.get $structural)))
            (local.set $digits (i64.and (local.get $rest) (i64.load offset=24 (local.get $from))))
            (local.set $others (i64.and (local.get $rest) (i64.load offset=32 (local.get $from))))
            (local.set $zeros (i64.and (local.get $digits) (call $not (local.get $others))))
            (local.set $run
              (i64.xor
                (i64.or (local.get $digits) (local.get $others))
                (i64.and (local.get $out) (i64.load offset=8 (local.get $from)))))
            (local.set $blanks
              (i64.xor (local.get $rest) (i64.or (local.get $digits) (local.get $others))))
            (local.set $starts
              (i64.and
                (local.get $run)
                (call $not (i64.add (i64.shl (local.get $run) (i64.const 1)) (local.get $c_run)))))
            (if (i64.ne (i64.or (local.get $run) (local.get $c_run)) (i64.const 0))
              (then
                (local.set $words (local.get $word))
                (local.set $word (i64.const 0))
                (local.set $rest (i64.and (local.get $starts) (call $not (local.get $digits))))
                (block $read
                  (loop $next_word
                    (br_if $read (i64.eqz (local.get $rest)))
                    (local.set $letter
                      (i32.add (i32.load offset=48 (local.get $from)) (i32.wrap_i64 (i64.ctz (local.get $rest)))))
                    (local.set $fewer (i64.and (local.get $rest) (i64.sub (local.get $rest) (i64.const 1))))
                    (local.set $bit (i64.xor (local.get $rest) (local.get $fewer)))
                    (local.set $rest (local.get $fewer))
                    (local.set $text (i32.load align=1 (local.get $letter)))
                    (local.set $past (i64.shl (local.get $bit) (i64.const 4)))
                    ;; true and null have four bytes; false has five. What is none of them is taken for a number.
                    (block $is_word
                      (br_if $is_word (i32.eq (local.get $text) (i32.const 0x65757274)))
                      (br_if $is_word (i32.eq (local.get $text) (i32.const 0x6c6c756e)))
                      (br_if $next_word
                        (i32.or
                          (i32.ne (local.get $text) (i32.const 0x736c6166))
                          (i32.ne (i32.load8_u offset=4 (local.get $letter)) (i32.const 0x65))))
                      (local.set $past (i64.shl (local.get $bit) (i64.const 5))))
                    (local.set $words
                      (i64.or (local.get $words) (i64.sub (local.get $past) (local.get $bit))))
                    ;; What reaches into the next block.
                    (if (i64.ge_u (local.get $bit) (i64.const 0x1000000000000000))
                      (then
                        (local.set $word
                          (i64.sub
                            (i64.shr_u
                              (local.get $bit)
                              (select
                                (i64.const 59)
                                (i64.const 60)
                                (i32.eq (local.get $text) (i32.const 0x736c6166))))
                            (i64.const 1)))))
                    (br $next_word)))
                ;; The rest are numbers, and none follows a word directly.
                (local.set $rest (i64.and (local.get $run) (call $not (local.get $words))))
                (if (i64.eqz (i64.or (global.get $special) (i64.xor (local.get $rest) (local.get $digits))))
                  ;; Whole numbers without a sign: none but 0 itself begins with a zero.
                  (then
                    (local.set $bit (i64.or (local.get $words) (i64.and (local.get $zeros) (local.get $starts))))
                    (local.set $wrong
                      (i64.or
                        (local.get $wrong)
                        (i64.and
                          (local.get $digits)
                          (i64.add (i64.shl (local.get $bit) (i64.const 1)) (local.get $c_stop)))))
                    (local.set $c_stop (i64.shr_u (local.get $bit) (i64.const 63))))
                  (else
                    (local.set $wrong
                      (i64.or
                        (local.get $wrong)
                        (i64.and (local.get $rest) (i64.shl (local.get $words) (i64.const 1)))))
                    ;; Behind a word of the last block a digit is as wrong as behind a zero; what else may follow digits needs one before.
                    (global.set $c_zero (local.get $c_stop))
                    (global.set $c_digit (i64.shr_u (local.get $last_digits) (i64.const 63)))
                    (local.set $wrong
                      (i64.or
                        (local.get $wrong)
                        (call $numbers
                          (i32.load offset=48 (local.get $from))
                          (local.get $rest) (i64.and (local.get $starts) (local.get $rest)) (local.get $digits) (local.get $zeros))))
                    (local.set $c_stop (i64.or (global.get $c_zero) (i64.shr_u (local.get $words) (i64.const 63))))))
                (local.set $last_digits (local.get $digits))
                (local.set $c_run (i64.shr_u (local.get $run) (i64.const 63)))))

            ;; A value or key begins behind each opening bracket, comma and colon, unless a bracket is closed right behind the opening one;
            ;; and nowhere else. Thus nothing but commas, colons and closing brackets can stand behind a value.
            (local.set $leads (i64.xor (local.get $structural) (local.get $closes)))
            (local.set $colons
              (i64.and (i64.xor (local.get $structural) (local.get $brackets)) (call $not (i64.load offset=32 (local.get $from)))))
            (local.set $key (i64.and (local.get $tops) (i64.xor (local.get $leads) (local.get $colons))))
            (if (i64.ne (local.get $blanks) (i64.const 0))
              (then
                (local.set $leads (call $spread (local.get $leads) (local.get $c_lead) (local.get $blanks)))
                (local.set $opens (call $spread (local.get $opens) (local.get $c_open) (local.get $blanks)))
                (local.set $key (call $spread (local.get $key) (local.get $c_place) (local.get $blanks)))))
            (local.set $quotes (i64.load offset=8 (local.get $from)))
            (local.set $begins (i64.and (local.get $quotes) (call $not (local.get $out))))
            (local.set $rest (i64.add (i64.shl (local.get $opens) (i64.const 1)) (local.get $c_open)))
            (local.set $c_open (i64.shr_u (local.get $opens) (i64.const 63)))
            (local.set $others
              (i64.xor
                (i64.xor
                  (i64.add (i64.shl (local.get $leads) (i64.const 1)) (local.get $c_lead))
                  (i64.or
                    (i64.or (local.get $begins) (local.get $starts))
                    (i64.and (local.get $brackets) (call $not (local.get $closes)))))
                (i64.and (local.get $closes) (local.get $rest))))
            (local.set $c_lead (i64.shr_u (local.get $leads) (i64.const 63)))
            (local.set $rest (i64.add (i64.shl (local.get $key) (i64.const 1)) (local.get $c_place)))
            (local.set $c_place (i64.shr_u (local.get $key) (i64.const 63)))
            (local.set $others
              (i64.or (local.get $others) (i64.and (local.get $rest) (call $not (i64.or (local.get $begins) (local.get $closes))))))
            ;; Keys are the strings behind the brace and behind the commas of an object, and nothing else may stand there. Added to
            ;; the bytes of its string, the first one of a key carries through to the closing quote. A colon stands behind each key
            ;; and nowhere else.
            (local.set $key (call $not (local.get $out)))
            (local.set $rest
              (i64.add
                (local.get $key)
                (i64.add (local.get $in_key) (i64.and (local.get $rest) (local.get $begins)))))
            (local.set $in_key (i64.extend_i32_u (i64.lt_u (local.get $rest) (local.get $key))))
            (local.set $key (i64.and (local.get $rest) (local.get $out)))
            (if (i64.ne (local.get $blanks) (i64.const 0))
              (then
                (local.set $key (call $spread (local.get $key) (local.get $c_key) (local.get $blanks)))))
            (local.set $others
              (i64.or
                (local.get $others)
                (i64.xor (local.get $colons) (i64.add (i64.shl (local.get $key) (i64.const 1)) (local.get $c_key)))))
            (local.set $c_key (i64.shr_u (local.get $key) (i64.const 63)))
            (if (i64.ne
                  (i64.or (local.get $wrong) (i64.and (local.get $others) (call $not (local.get $blanks))))
                  (i64.const 0))
              (then (return (i32.const -1))))
            (local.set $from (i32.add (local.get $from) (i32.const 56)))
            (br $next_block)))
        ;; A wrong bracket, the end of the value, or more brackets than the stack holds. Looked at outside of the inner loop, so that this
        ;; keeps its registers.
        (local.set $stack (call $balance (local.get $before) (local.get $opens) (local.get $closes)))
        (if (i64.eqz (local.get $stack)) (then (return (i32.const -2))))
        (br_if $once_more (i64.ne (local.get $stack) (local.get $before)))
        (local.set $rest (call $last (local.get $before) (local.get $opens) (local.get $closes) (local.get $at)))
        (if (i64.eqz (local.get $rest)) (then (return (i32.const -1))))
        (local.set $result
          (i32.add (i32.add (local.get $at) (i32.const 1)) (i32.wrap_i64 (i64.ctz (local.get $rest)))))
        ;; Once more, without what comes behind the value, and with a 1 more on the stack, so that it does not end again.
        (local.set $end (i32.add (local.get $from) (i32.const 56)))
        (local.set $rest (i64.xor (local.get $rest) (i64.sub (local.get $rest) (i64.const 1))))
        (i64.store offset=0 (local.get $from) (i64.and (local.get $rest) (i64.load offset=0 (local.get $from))))
        (i64.store offset=8 (local.get $from) (i64.and (local.get $rest) (i64.load offset=8 (local.get $from))))
        (i64.store offset=40 (local.get $from) (i64.and (local.get $rest) (i64.load offset=40 (local.get $from))))
        (local.set $stack
          (i64.or
            (local.get $before)
            (i64.shl (i64.const 1) (i64.sub (i64.const 64) (i64.clz (local.get $before))))))
        (br $once_more)))

    (global.set $stack (local.get $stack))
    (global.set $c_lead (local.get $c_lead)) (global.set $c_open (local.get $c_open))
    (global.set $c_place (local.get $c_place)) (global.set $c_key (local.get $c_key))
    (global.set $c_run (local.get $c_run)) (global.set $in_key (local.get $in_key))
    (global.set $word (local.get $word)) (global.set $c_stop (local.get $c_stop))
    (global.set $last_digits (local.get $last_digits))
    (local.get $result)))
