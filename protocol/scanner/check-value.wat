;; Checks one object, array or string against the whole grammar of JSON and finds its end, 64 bytes at a time.
;; Compiled into check-value.wasm.ts by build-wasm.mjs; driven by check-value.ts, which copies the value in piece by piece.
;;
;; $marks makes masks of the tokens, one bit per byte, and $advance checks these. They are two loops because one would run out of
;; registers. Nothing walks from token to token. What may follow what is a matter of masks: for each kind of token the places right behind one
;; (white space passed over) are looked at for what stands there. Only brackets are visited one by one, on a stack of their kinds,
;; which tells for each comma whether it stands in an object; and words such as `true`. The UTF-8 in strings is not checked.
(module
  ;; From address 0 the piece, from 16384 what is known of its blocks (see $marks), from 65536 the kinds of brackets that do not fit
  ;; into $stack.
  (memory (export "memory") 2 2)

  ;; What a piece hands to the next one.
  (global $inside (mut i64) (i64.const 0))     ;; all ones: the piece ended inside a string
  (global $wrong (mut i64) (i64.const 0))      ;; of the escapes of a block
  (global $escape (mut i64) (i64.const 0))     ;; 1: its last byte was a backslash that escapes the next one
  (global $hex (mut i64) (i64.const 0))        ;; bit n: byte n of the next block must be a hex digit of a \u escape
  ;; The kinds of the open brackets, 1 = brace: the innermost is bit 0, and a 1 stands above the outermost. Those that do not fit
  ;; are bytes in memory, $spilled of them.
  (global $stack (mut i64) (i64.const 1))
  (global $spilled (mut i32) (i32.const 0))
  (global $is_string (mut i32) (i32.const 0))  ;; 1: the value is a string
  ;; 1: the last token was, or its last byte so far is ...
  (global $c_open (mut i64) (i64.const 0))     ;; an opening bracket
  (global $c_comma (mut i64) (i64.const 0))
  (global $c_colon (mut i64) (i64.const 0))
  (global $c_key (mut i64) (i64.const 0))      ;; the closing quote of a key
  (global $c_value (mut i64) (i64.const 0))    ;; the end of a value: a closing quote or bracket
  (global $in_key (mut i64) (i64.const 0))     ;; the piece ended inside a key
  (global $c_run (mut i64) (i64.const 0))      ;; a byte of a number or word
  (global $word (mut i64) (i64.const 0))       ;; bit n: byte n of the next block belongs to a word that has begun
  (global $c_word (mut i64) (i64.const 0))     ;; the last byte of a block belongs to a word
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

  ;; Moves each place that is a blank past its run of blanks: the sum carries through the run. Each stands at the first of its run.
  (func $past (param $places i64) (param $blanks i64) (result i64)
    (i64.and
      (i64.or
        (i64.add (i64.and (local.get $places) (local.get $blanks)) (local.get $blanks))
        (local.get $places))
      (call $not (local.get $blanks))))

  ;; 1: one of them goes past the end of the block.
  (func $past_end (param $places i64) (param $blanks i64) (result i64)
    (i64.extend_i32_u
      (i64.lt_u
        (i64.add (i64.and (local.get $places) (local.get $blanks)) (local.get $blanks))
        (local.get $blanks))))

  (func $forget
    (global.set $inside (i64.const 0))
    (global.set $escape (i64.const 0))
    (global.set $hex (i64.const 0))
    (global.set $stack (i64.const 1))
    (global.set $spilled (i32.const 0))
    (global.set $is_string (i32.eq (i32.load8_u (i32.const 0)) (i32.const 0x22)))
    (global.set $c_open (i64.const 0))
    (global.set $c_comma (i64.const 0))
    (global.set $c_colon (i64.const 0))
    (global.set $c_key (i64.const 0))
    (global.set $c_value (i64.const 0))
    (global.set $in_key (i64.const 0))
    (global.set $c_run (i64.const 0))
    (global.set $word (i64.const 0))
    (global.set $c_word (i64.const 0))
    (global.set $c_digit (i64.const 0))
    (global.set $c_zero (i64.const 0))
    (global.set $c_minus (i64.const 0))
    (global.set $c_point (i64.const 0))
    (global.set $c_e (i64.const 0))
    (global.set $c_sign (i64.const 0))
    (global.set $in_fraction (i64.const 0))
    (global.set $in_exponent (i64.const 0))
    (global.set $special (i64.const 0)))

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

  ;; Control characters may not stand in strings, and elsewhere only as white space.
  (func $controls (param $at i32) (param $strings i64) (result i64)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $space v128) (local $rest i64)
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
    (i64.and
      (local.get $rest)
      (i64.or
        (local.get $strings)
        (call $others (local.get $a) (local.get $b) (local.get $c) (local.get $d)
          (v128.const i8x16 0 0 0 0 0 0 0 0 0 1 1 0 0 1 0 0)))))

  ;; The bytes of a block that are the digit 0.
  (func $zeros (param $at i32) (result i64)
    (call $equal
      (v128.load offset=0 (local.get $at)) (v128.load offset=16 (local.get $at))
      (v128.load offset=32 (local.get $at)) (v128.load offset=48 (local.get $at))
      (i8x16.splat (i32.const 0x30))))

  ;; Finds the tokens in the piece of $length bytes: for each block but those within a string a record of 96 bytes from address 16384 on.
  ;; Returns the end of the records.
  ;;
  ;; A byte is of the kinds that its two halves have in common, in the tables of $highs and $lows: 2 digit, 4 colon, 8 comma, 32 blank, 64
  ;; closing and 128 opening bracket; 1 backslash and 16 control character, which are looked at elsewhere. Three masks tell these apart.
  (func $marks (param $length i32) (result i32)
    (local $at i32) (local $to i32) (local $rare i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $quote v128) (local $half v128) (local $highs v128) (local $lows v128) (local $zero v128)
    (local $some v128) (local $token v128) (local $second v128)
    (local $inside i64) (local $quotes i64) (local $strings i64) (local $p i64) (local $q i64) (local $r i64) (local $out i64)
    (local $colons i64) (local $pair i64)
    (local.set $quote (i8x16.splat (i32.const 0x22)))
    (local.set $half (i8x16.splat (i32.const 15)))
    (local.set $highs (v128.const i8x16 16 16 40 6 0 193 0 192 0 0 0 0 0 0 0 0))
    (local.set $lows (v128.const i8x16 50 18 18 18 18 18 18 18 18 18 20 144 25 80 16 16))
    (local.set $some (i8x16.splat (i32.const 120)))
    (local.set $token (i8x16.splat (i32.const 198)))
    (local.set $second (i8x16.splat (i32.const 76)))
    (local.set $to (i32.const 16384))
    (local.set $inside (global.get $inside))
    (block $end
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
        (local.set $rare
          (i32.or
            (v128.any_true
              (v128.and
                (v128.or (v128.or (local.get $a) (local.get $b)) (v128.or (local.get $c) (local.get $d)))
                (i8x16.splat (i32.const 17))))
            (i64.ne (i64.or (global.get $escape) (global.get $hex)) (i64.const 0))))
        (i64.store offset=72 (local.get $to) (i64.const 0))
        (if (local.get $rare)
          (then
            (global.set $wrong (i64.const 0))
            (local.set $quotes (call $unescaped (local.get $at) (local.get $quotes))))
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
        (if (local.get $rare)
          (then
            (i64.store offset=72
              (local.get $to)
              (i64.or (global.get $wrong) (call $controls (local.get $at) (local.get $strings))))))

        ;; p: brackets, blanks, commas; q: none of brackets, colons, digits; r: none of commas, closing brackets, colons.
        (local.set $p
          (call $bits
            (i8x16.add (local.get $a) (local.get $some)) (i8x16.add (local.get $b) (local.get $some))
            (i8x16.add (local.get $c) (local.get $some)) (i8x16.add (local.get $d) (local.get $some))))
        (local.set $q
          (call $bits
            (i8x16.eq (v128.and (local.get $a) (local.get $token)) (local.get $zero))
            (i8x16.eq (v128.and (local.get $b) (local.get $token)) (local.get $zero))
            (i8x16.eq (v128.and (local.get $c) (local.get $token)) (local.get $zero))
            (i8x16.eq (v128.and (local.get $d) (local.get $token)) (local.get $zero))))
        (local.set $r
          (call $bits
            (i8x16.eq (v128.and (local.get $a) (local.get $second)) (local.get $zero))
            (i8x16.eq (v128.and (local.get $b) (local.get $second)) (local.get $zero))
            (i8x16.eq (v128.and (local.get $c) (local.get $second)) (local.get $zero))
            (i8x16.eq (v128.and (local.get $d) (local.get $second)) (local.get $zero))))
        (local.set $out (i64.xor (local.get $strings) (i64.const -1)))
        (local.set $p (i64.and (local.get $p) (local.get $out)))
        ;; Commas and blanks.
        (local.set $pair (i64.and (local.get $p) (local.get $q)))
        (i64.store offset=0 (local.get $to) (local.get $strings))
        (i64.store offset=8 (local.get $to) (local.get $quotes))
        (i64.store offset=16 (local.get $to) (i64.and (local.get $pair) (local.get $r)))
        (i64.store offset=24 (local.get $to) (i64.xor (local.get $pair) (i64.and (local.get $pair) (local.get $r))))
        ;; Brackets.
        (local.set $pair (i64.xor (local.get $p) (local.get $pair)))
        (i64.store offset=32 (local.get $to) (i64.and (local.get $pair) (local.get $r)))
        (i64.store offset=40 (local.get $to) (i64.xor (local.get $pair) (i64.and (local.get $pair) (local.get $r))))
        ;; The rest: colons, digits, other bytes of numbers and words, and quotes.
        (local.set $out (i64.xor (local.get $out) (local.get $p)))
        (local.set $pair (i64.and (local.get $out) (i64.xor (local.get $q) (i64.const -1))))
        (local.set $colons (i64.xor (local.get $pair) (i64.and (local.get $pair) (local.get $r))))
        (i64.store offset=48 (local.get $to) (local.get $colons))
        (i64.store offset=56 (local.get $to) (i64.xor (local.get $pair) (local.get $colons)))
        (i64.store offset=64
          (local.get $to)
          (i64.and
            (i64.xor (local.get $out) (local.get $colons))
            (i64.xor (local.get $quotes) (i64.const -1))))
        (i32.store offset=80 (local.get $to) (local.get $at))
        (local.set $to (i32.add (local.get $to) (i32.const 96)))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br $next)))
    (global.set $inside (local.get $inside))
    (local.get $to))

  ;; The numbers of the block at $at: $runs are their places, $starts the first of each, $digits their digits. Returns what is wrong.
  (func $numbers (param $at i32) (param $runs i64) (param $starts i64) (param $digits i64) (result i64)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $space v128)
    (local $minus i64) (local $sign i64) (local $point i64) (local $e i64) (local $zero i64) (local $wrong i64)
    (local $after i64) (local $sum i64) (local $on i64)
    ;; E and e are one, and nothing else becomes a byte of a number by this bit.
    (local.set $space (i8x16.splat (i32.const 0x20)))
    (local.set $a (v128.or (local.get $space) (v128.load offset=0 (local.get $at))))
    (local.set $b (v128.or (local.get $space) (v128.load offset=16 (local.get $at))))
    (local.set $c (v128.or (local.get $space) (v128.load offset=32 (local.get $at))))
    (local.set $d (v128.or (local.get $space) (v128.load offset=48 (local.get $at))))
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
    (local.set $point
      (i64.and
        (local.get $runs)
        (call $equal (local.get $a) (local.get $b) (local.get $c) (local.get $d) (i8x16.splat (i32.const 0x2e)))))
    (local.set $e
      (i64.and
        (local.get $runs)
        (call $equal (local.get $a) (local.get $b) (local.get $c) (local.get $d) (i8x16.splat (i32.const 0x65)))))

    ;; The first digit of the integer part; if it is a zero, no digit follows.
    (local.set $zero
      (i64.and
        (i64.and
          (local.get $digits)
          (i64.or
            (local.get $starts)
            (i64.or
              (i64.shl (i64.and (local.get $starts) (local.get $minus)) (i64.const 1))
              (global.get $c_minus))))
        (call $equal (local.get $a) (local.get $b) (local.get $c) (local.get $d) (i8x16.splat (i32.const 0x30)))))
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
    (if (i64.gt_u (i64.add (local.get $held) (i64.popcnt (local.get $opens))) (i64.const 63))
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
    (if (i64.gt_u (i64.add (local.get $held) (i64.popcnt (local.get $opens))) (i64.const 63)) (then (return (i64.const 0))))
    (local.get $stack))

  ;; The bracket of a block with which the value ends; 0 when one up to there closes another kind than its own.
  (func $last (param $stack i64) (param $opens i64) (param $closes i64) (param $at i32) (result i64)
    (local $rest i64) (local $bit i64) (local $kind i64)
    (local.set $rest (i64.or (local.get $opens) (local.get $closes)))
    (loop $bracket
      (local.set $bit (i64.and (local.get $rest) (i64.sub (i64.const 0) (local.get $rest))))
      (local.set $kind
        (i64.and
          (i64.const 1)
          (i64.shr_u
            (i64.load8_u (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $rest)))))
            (i64.const 5))))
      (local.set $rest (i64.xor (local.get $rest) (local.get $bit)))
      (if (i64.ne (i64.and (local.get $opens) (local.get $bit)) (i64.const 0))
        (then (local.set $stack (i64.or (i64.shl (local.get $stack) (i64.const 1)) (local.get $kind))))
        (else
          (if (i64.ne (i64.and (local.get $stack) (i64.const 1)) (local.get $kind)) (then (return (i64.const 0))))
          (local.set $stack (i64.shr_u (local.get $stack) (i64.const 1)))))
      (br_if $bracket (i64.ne (local.get $stack) (i64.const 1))))
    (local.get $bit))

  ;; A string as the whole value ends with the first byte outside: its closing quote, where a hex digit may be missing. Results as those
  ;; of $advance; the records end at $end.
  (func $string (param $end i32) (result i32)
    (local $from i32) (local $rest i64)
    (local.set $from (i32.const 16384))
    (block $over
      (loop $next
        (br_if $over (i32.ge_u (local.get $from) (local.get $end)))
        (local.set $rest (i64.xor (i64.load offset=0 (local.get $from)) (i64.const -1)))
        (if (i64.ne
              (i64.and
                (i64.load offset=72 (local.get $from))
                (i64.xor (local.get $rest) (i64.sub (local.get $rest) (i64.const 1))))
              (i64.const 0))
          (then (return (i32.const -1))))
        (if (i64.ne (local.get $rest) (i64.const 0))
          (then
            (return
              (i32.add
                (i32.add (i32.load offset=80 (local.get $from)) (i32.const 1))
                (i32.wrap_i64 (i64.ctz (local.get $rest)))))))
        (local.set $from (i32.add (local.get $from) (i32.const 96)))
        (br $next)))
    (i32.const 0))

  ;; Reads the next $length bytes of the value, from address 0; $first starts a new value. All pieces but the last are whole
  ;; blocks, and the first bytes of the next one are copied behind them, $copied in all, so that words can be read whole.
  ;; Returns 0: it goes on in the next piece; e: it ends before byte e; -1: it is not JSON; -2: it is nested too deep.
  (func (export "advance") (param $length i32) (param $copied i32) (param $first i32) (result i32)
    (local $at i32) (local $from i32) (local $end i32) (local $stack i64) (local $ended i64)
    (local $quotes i64) (local $strings i64) (local $wrong i64)
    (local $opens i64) (local $closes i64) (local $rest i64) (local $valid i64)
    (local $commas i64) (local $colons i64) (local $blanks i64) (local $run i64) (local $starts i64) (local $digits i64)
    (local $place i64) (local $bit i64) (local $kind i64) (local $next i64) (local $is_open i32) (local $before i64)
    (local $smallest i64) (local $other i64) (local $tops i64) (local $objects i64) (local $begins i64)
    (local $open i64) (local $comma i64) (local $colon i64) (local $key i64) (local $value i64)
    (local $c_open i64) (local $c_comma i64) (local $c_colon i64) (local $c_key i64) (local $c_value i64)
    (local $c_run i64) (local $in_key i64)
    (local $words i64) (local $word i64) (local $c_word i64) (local $text i32) (local $letter i32) (local $is_false i32)

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
    (local.set $c_open (global.get $c_open)) (local.set $c_comma (global.get $c_comma))
    (local.set $c_colon (global.get $c_colon))
    (local.set $c_key (global.get $c_key)) (local.set $c_value (global.get $c_value))
    (local.set $c_run (global.get $c_run)) (local.set $in_key (global.get $in_key))
    (local.set $word (global.get $word)) (local.set $c_word (global.get $c_word))

    (block $over
      (loop $next_block
        (br_if $over (i32.ge_u (local.get $from) (local.get $end)))
        (local.set $strings (i64.load offset=0 (local.get $from)))
        (local.set $quotes (i64.load offset=8 (local.get $from)))
        (local.set $blanks (i64.load offset=16 (local.get $from)))
        (local.set $commas (i64.load offset=24 (local.get $from)))
        (local.set $opens (i64.load offset=32 (local.get $from)))
        (local.set $closes (i64.load offset=40 (local.get $from)))
        (local.set $colons (i64.load offset=48 (local.get $from)))
        (local.set $digits (i64.load offset=56 (local.get $from)))
        (local.set $run (i64.load offset=64 (local.get $from)))
        (local.set $wrong (i64.load offset=72 (local.get $from)))
        (local.set $at (i32.load offset=80 (local.get $from)))

        ;; Each opening bracket puts its kind on the stack, each closing one takes one off, which must be its own. Shifted right by
        ;; five, a brace is 3 and a bracket 2. $tops are the brackets behind which one is in an object.
        (local.set $ended (i64.const 0))
        (local.set $valid (i64.const -1))
        (local.set $objects (i64.sub (i64.const 0) (i64.and (local.get $stack) (i64.const 1))))
        (local.set $rest (i64.or (local.get $opens) (local.get $closes)))
        (if (i64.ne (local.get $rest) (i64.const 0))
          (then
            (if (i32.or
                  (global.get $spilled)
                  (i64.lt_u (i64.clz (local.get $stack)) (i64.popcnt (local.get $opens))))
              (then
                (local.set $stack (call $balance (local.get $stack) (local.get $opens) (local.get $closes)))
                (if (i64.eqz (local.get $stack)) (then (return (i32.const -2))))))
            (local.set $before (local.get $stack))
            (local.set $smallest (i64.const -1))
            (local.set $other (i64.const 0))
            (local.set $tops (i64.const 0))
            (loop $bracket
              (local.set $bit (i64.and (local.get $rest) (i64.sub (i64.const 0) (local.get $rest))))
              (local.set $kind
                (i64.shr_u
                  (i64.load8_u (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $rest)))))
                  (i64.const 5)))
              (local.set $rest (i64.and (local.get $rest) (i64.sub (local.get $rest) (i64.const 1))))
              (local.set $is_open (i64.ne (i64.and (local.get $opens) (local.get $bit)) (i64.const 0)))
              (local.set $next
                (select
                  (i64.add (i64.shl (local.get $stack) (i64.const 1)) (i64.sub (local.get $kind) (i64.const 2)))
                  (i64.shr_u (local.get $stack) (i64.const 1))
                  (local.get $is_open)))
              ;; In bit 0; the others mean nothing.
              (local.set $other
                (i64.or
                  (local.get $other)
                  (i64.xor (local.get $kind) (select (local.get $next) (local.get $stack) (local.get $is_open)))))
              (local.set $stack (local.get $next))
              (local.set $smallest
                (select (local.get $next) (local.get $smallest) (i64.lt_u (local.get $next) (local.get $smallest))))
              (local.set $tops
                (select
                  (i64.or (local.get $tops) (local.get $bit))
                  (local.get $tops)
                  (i32.and (i32.wrap_i64 (local.get $next)) (i32.const 1))))
              (br_if $bracket (i64.ne (local.get $rest) (i64.const 0))))
            ;; The value ends in this block, and what comes behind it was looked at in vain.
            (if (i64.lt_u (local.get $smallest) (i64.const 2))
              (then
                (local.set $ended (call $last (local.get $before) (local.get $opens) (local.get $closes) (local.get $at)))
                (local.set $other (i64.extend_i32_u (i64.eqz (local.get $ended))))
                (local.set $valid (i64.xor (local.get $ended) (i64.sub (local.get $ended) (i64.const 1))))))
            (if (i64.ne (i64.and (local.get $other) (i64.const 1)) (i64.const 0)) (then (return (i32.const -1))))
            ;; $objects are the places in objects, those of the closing braces included: from the places behind $tops, a sum
            ;; carries through what is no bracket.
            (local.set $rest
              (i64.or (i64.shl (local.get $tops) (i64.const 1)) (i64.and (local.get $before) (i64.const 1))))
            (local.set $begins (call $not (i64.or (local.get $opens) (local.get $closes))))
            (local.set $objects (i64.add (local.get $begins) (i64.and (local.get $rest) (local.get $begins))))
            (local.set $objects
              (i64.or
                (i64.and (local.get $begins) (call $not (local.get $objects)))
                (i64.and (call $not (local.get $begins)) (i64.or (local.get $objects) (local.get $rest)))))))

        ;; Numbers and words: what the runs of other bytes have to be.
        (local.set $starts
          (i64.and
            (local.get $run)
            (call $not (i64.or (i64.shl (local.get $run) (i64.const 1)) (local.get $c_run)))))
        (if (i64.ne (i64.or (local.get $run) (local.get $c_run)) (i64.const 0))
          (then
            (local.set $words (local.get $word))
            (local.set $word (i64.const 0))
            (local.set $rest (i64.and (local.get $starts) (call $not (local.get $digits))))
            (block $read
              (loop $next_word
                (br_if $read (i64.eqz (local.get $rest)))
                (local.set $letter (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $rest)))))
                (local.set $bit (i64.and (local.get $rest) (i64.sub (i64.const 0) (local.get $rest))))
                (local.set $rest (i64.and (local.get $rest) (i64.sub (local.get $rest) (i64.const 1))))
                (local.set $text (i32.load align=1 (local.get $letter)))
                ;; true and null have four bytes; false has five. What is none of them is taken for a number.
                (local.set $is_false (i32.eq (local.get $text) (i32.const 0x736c6166)))
                (if (i32.or
                      (i32.or
                        (i32.eq (local.get $text) (i32.const 0x65757274))
                        (i32.eq (local.get $text) (i32.const 0x6c6c756e)))
                      (i32.and (local.get $is_false) (i32.eq (i32.load8_u offset=4 (local.get $letter)) (i32.const 0x65))))
                  (then
                    (local.set $words
                      (i64.or
                        (local.get $words)
                        (i64.sub
                          (i64.shl (local.get $bit) (i64.extend_i32_u (i32.add (i32.const 4) (local.get $is_false))))
                          (local.get $bit))))
                    ;; What reaches into the next block.
                    (local.set $place
                      (i64.shr_u (local.get $bit) (i64.extend_i32_u (i32.sub (i32.const 60) (local.get $is_false)))))
                    (local.set $word
                      (i64.or
                        (local.get $word)
                        (i64.sub (local.get $place) (i64.extend_i32_u (i64.ne (local.get $place) (i64.const 0))))))))
                (br $next_word)))
            ;; The rest are numbers, and none follows a word directly.
            (local.set $rest (i64.and (local.get $run) (call $not (local.get $words))))
            (local.set $wrong
              (i64.or
                (local.get $wrong)
                (i64.and (local.get $rest) (i64.or (i64.shl (local.get $words) (i64.const 1)) (local.get $c_word)))))
            (local.set $c_word (i64.shr_u (local.get $words) (i64.const 63)))
            (if (i64.eqz (i64.or (global.get $special) (i64.xor (local.get $rest) (local.get $digits))))
              ;; Whole numbers without a sign: none but 0 itself begins with a zero.
              (then
                (local.set $place (i64.and (call $zeros (local.get $at)) (local.get $starts)))
                (local.set $wrong
                  (i64.or
                    (local.get $wrong)
                    (i64.and
                      (local.get $digits)
                      (i64.or (i64.shl (local.get $place) (i64.const 1)) (global.get $c_zero)))))
                (global.set $c_zero (i64.shr_u (local.get $place) (i64.const 63)))
                (global.set $c_digit (i64.shr_u (local.get $digits) (i64.const 63))))
              (else
                (local.set $wrong
                  (i64.or
                    (local.get $wrong)
                    (call $numbers
                      (local.get $at) (local.get $rest) (i64.and (local.get $starts) (local.get $rest)) (i64.and (local.get $digits) (local.get $rest)))))))))

        ;; What stands right behind an opening bracket, a comma, a colon; and behind a value or key, which ends with a closing
        ;; quote or bracket or with its run.
        (local.set $open (i64.or (i64.shl (local.get $opens) (i64.const 1)) (local.get $c_open)))
        (local.set $comma (i64.or (i64.shl (local.get $commas) (i64.const 1)) (local.get $c_comma)))
        (local.set $colon (i64.or (i64.shl (local.get $colons) (i64.const 1)) (local.get $c_colon)))
        (local.set $rest
          (i64.or (local.get $closes) (i64.and (local.get $quotes) (call $not (local.get $strings)))))
        (local.set $value
          (i64.or
            (i64.or (i64.shl (local.get $rest) (i64.const 1)) (local.get $c_value))
            (i64.and
              (i64.or (i64.shl (local.get $run) (i64.const 1)) (local.get $c_run))
              (call $not (local.get $run)))))
        (local.set $c_open (i64.shr_u (local.get $opens) (i64.const 63)))
        (local.set $c_comma (i64.shr_u (local.get $commas) (i64.const 63)))
        (local.set $c_colon (i64.shr_u (local.get $colons) (i64.const 63)))
        (local.set $c_value (i64.shr_u (local.get $rest) (i64.const 63)))
        (local.set $c_run (i64.shr_u (local.get $run) (i64.const 63)))
        (if (i64.ne (local.get $blanks) (i64.const 0))
          (then
            (local.set $c_open (i64.or (local.get $c_open) (call $past_end (local.get $open) (local.get $blanks))))
            (local.set $c_comma (i64.or (local.get $c_comma) (call $past_end (local.get $comma) (local.get $blanks))))
            (local.set $c_colon (i64.or (local.get $c_colon) (call $past_end (local.get $colon) (local.get $blanks))))
            (local.set $c_value (i64.or (local.get $c_value) (call $past_end (local.get $value) (local.get $blanks))))
            (local.set $open (call $past (local.get $open) (local.get $blanks)))
            (local.set $comma (call $past (local.get $comma) (local.get $blanks)))
            (local.set $colon (call $past (local.get $colon) (local.get $blanks)))
            (local.set $value (call $past (local.get $value) (local.get $blanks)))))

        ;; Behind an opening bracket, a comma and a colon a value or key begins; a closing bracket stands only behind an opening one.
        ;; Behind a value or key stands a comma, a colon or a closing bracket.
        (local.set $begins (i64.and (local.get $quotes) (local.get $strings)))
        (local.set $wrong
          (i64.or
            (i64.or
              (i64.or
                (local.get $wrong)
                (i64.and (local.get $closes) (i64.or (local.get $comma) (local.get $colon))))
              (i64.and
                (i64.or (i64.or (local.get $open) (local.get $comma)) (local.get $colon))
                (call $not
                  (i64.or
                    (i64.or (local.get $begins) (local.get $starts))
                    (i64.or (local.get $opens) (local.get $closes))))))
            (i64.and
              (local.get $value)
              (call $not (i64.or (i64.or (local.get $commas) (local.get $colons)) (local.get $closes))))))

        ;; Keys are the strings behind the brace and behind the commas of an object, and nothing else may stand there. Added to
        ;; the bytes of its string, the first one of a key carries through to the closing quote. A colon stands behind each key
        ;; and nowhere else.
        (local.set $rest (i64.and (i64.or (local.get $open) (local.get $comma)) (local.get $objects)))
        (local.set $wrong
          (i64.or
            (local.get $wrong)
            (i64.and (local.get $rest) (call $not (i64.or (local.get $begins) (local.get $closes))))))
        (local.set $rest
          (i64.add
            (local.get $strings)
            (i64.or (local.get $in_key) (i64.and (local.get $rest) (local.get $begins)))))
        (local.set $in_key (i64.extend_i32_u (i64.lt_u (local.get $rest) (local.get $strings))))
        (local.set $rest (i64.and (local.get $rest) (call $not (local.get $strings))))
        (local.set $key (i64.or (i64.shl (local.get $rest) (i64.const 1)) (local.get $c_key)))
        (local.set $c_key (i64.shr_u (local.get $rest) (i64.const 63)))
        (if (i64.ne (local.get $blanks) (i64.const 0))
          (then
            (local.set $c_key (i64.or (local.get $c_key) (call $past_end (local.get $key) (local.get $blanks))))
            (local.set $key (call $past (local.get $key) (local.get $blanks)))))
        (local.set $wrong (i64.or (local.get $wrong) (i64.xor (local.get $key) (local.get $colons))))

        (if (i64.ne (i64.and (local.get $wrong) (local.get $valid)) (i64.const 0)) (then (return (i32.const -1))))
        (if (i64.ne (local.get $ended) (i64.const 0))
          (then
            (return
              (i32.add (i32.add (local.get $at) (i32.const 1)) (i32.wrap_i64 (i64.ctz (local.get $ended)))))))
        (local.set $from (i32.add (local.get $from) (i32.const 96)))
        (br $next_block)))

    (global.set $stack (local.get $stack))
    (global.set $c_open (local.get $c_open)) (global.set $c_comma (local.get $c_comma))
    (global.set $c_colon (local.get $c_colon)) (global.set $word (local.get $word)) (global.set $c_word (local.get $c_word))
    (global.set $c_key (local.get $c_key)) (global.set $c_value (local.get $c_value))
    (global.set $c_run (local.get $c_run)) (global.set $in_key (local.get $in_key))
    (i32.const 0)))
