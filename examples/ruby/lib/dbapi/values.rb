# frozen_string_literal: true

module DBAPI
  # Reads a dbapi_value_t at an address.
  module Values
    module_function

    def at(address, length)
      Native::MEMORY[address - 1, length]
    end

    def read(address)
      bytes = at(address, 24)
      kind, oid = bytes.unpack("lL")
      case kind
      when Kind::NULL then nil
      when Kind::BOOL then bytes.getbyte(8) != 0
      when Kind::INT then bytes.unpack1("x8q")
      when Kind::FLOAT then bytes.unpack1("x8d")
      when Kind::NUMERIC then numeric(*bytes.unpack("x8JJ"), oid)
      when Kind::TEXT then text(*bytes.unpack("x8JJ"))
      when Kind::BYTES then at(*bytes.unpack("x8JJ"))
      when Kind::JSON then json(*bytes.unpack("x8JJ"))
      when Kind::DATE then date(bytes.unpack1("x8q"))
      when Kind::TIME then TimeOfDay.new(bytes.unpack1("x8q"))
      when Kind::TIMETZ then TimeOfDay.new(*bytes.unpack("x8ql"))
      when Kind::TIMESTAMP then timestamp(bytes.unpack1("x8q"))
      when Kind::TIMESTAMPTZ then timestamptz(bytes.unpack1("x8q"))
      when Kind::INTERVAL then Interval.new(*bytes.unpack("x8qll").reverse)
      when Kind::UUID then bytes.unpack("x8H8H4H4H4H12").join("-").force_encoding(Encoding::UTF_8)
      when Kind::POINT then bytes.unpack("x8dd")
      when Kind::ARRAY then array(bytes.unpack1("x8J"))
      when Kind::RANGE then range(bytes.unpack1("x8J"))
      when Kind::MULTIRANGE then values(*at(bytes.unpack1("x8J"), 24).unpack("x8JJ").reverse)
      when Kind::COMPOSITE then composite(bytes.unpack1("x8J"))
      when Kind::INET then inet(address, bytes.unpack1("x8J"))
      when Kind::BITS then bits(bytes.unpack1("x8J"))
      when Kind::HSTORE then hstore(bytes.unpack1("x8J"))
      else format(address)
      end
    end

    def text(address, length)
      at(address, length).force_encoding(Encoding::UTF_8)
    end

    def numeric(address, length, oid)
      number(at(address, length), oid)
    end

    def number(digits, oid)
      oid == XID8 ? Integer(digits, 10) : BigDecimal(digits)
    end

    def json(address, length)
      document(text(address, length))
    end

    def document(text)
      JSON.parse(text, max_nesting: 1000)
    rescue JSON::ParserError => e
      raise DataError, "a JSON document that Ruby cannot read: #{e.message}"
    end

    def date(days)
      # PostgreSQL's calendar is Gregorian from its beginning on.
      INFINITIES[days] || Date.jd(days + EPOCH, Date::GREGORIAN)
    end

    def timestamp(microseconds)
      INFINITIES[microseconds] || Time.at(microseconds / 1_000_000, microseconds % 1_000_000, in: "UTC")
    end

    def timestamptz(microseconds)
      INFINITIES[microseconds] || Time.at(microseconds / 1_000_000, microseconds % 1_000_000)
    end

    def values(address, count)
      Array.new(count) { |index| read(address + 24 * index) }
    end

    def array(address)
      dimensions, lengths, count, items = at(address, 40).unpack("x4lJx8JJ")
      items = values(items, count)
      return items if dimensions < 2

      at(lengths, 4 * dimensions).unpack("l*").drop(1).reverse_each { |length| items = items.each_slice(length).to_a }
      items
    end

    def range(address)
      flags = at(address, 8).unpack1("x4l")
      return Bounds.new(nil, nil, false, false, true) if flags.odd?

      lower = read(address + 8)
      upper = read(address + 32)
      return Bounds.new(lower, upper, false, flags & 4 != 0, false) if (flags & 2).zero? && !lower.nil?

      begin
        Range.new(lower, upper, (flags & 4).zero?)
      rescue ArgumentError # of values that Ruby does not compare, such as a Date and infinity
        Bounds.new(lower, upper, flags & 2 != 0, flags & 4 != 0, false)
      end
    end

    # A Hash where the fields' names are known.
    def composite(address)
      count, fields, names = at(address, 24).unpack("JJJ")
      fields = values(fields, count)
      return fields if names.zero?

      strings(at(names, 8 * count).unpack("J*")).zip(fields).to_h
    end

    def strings(addresses)
      addresses.map { |address| Fiddle::Pointer.new(address).to_s.force_encoding(Encoding::UTF_8) }
    end

    # An IPAddr has no room for the bits behind the network's: an address with such bits is text.
    def inet(value, address)
      family, prefix, bytes = at(address, 18).unpack("CCa16")
      host = IPAddr.new_ntoh(family == 4 ? bytes[0, 4] : bytes)
      network = host.mask(prefix)
      network == host ? network : format(value)
    end

    def bits(address)
      length, bytes = at(address, 16).unpack("JJ")
      at(bytes, (length + 7) / 8).unpack1("B#{length}").force_encoding(Encoding::UTF_8)
    end

    def hstore(address)
      count, keys, items = at(address, 24).unpack("JJJ")
      values(keys, count).zip(values(items, count)).to_h
    end

    # PostgreSQL's text form.
    def format(address)
      cells = Native::Cells.new(1)
      Native.check(Native::VALUE_FORMAT, address, 0, 0, cells.address)
      length = cells[0]
      buffer = Fiddle::Pointer.malloc(length + 1, Fiddle::RUBY_FREE)
      Native.check(Native::VALUE_FORMAT, address, buffer.to_i, length + 1, cells.address)
      buffer[0, length].force_encoding(Encoding::UTF_8)
    end
  end
end
