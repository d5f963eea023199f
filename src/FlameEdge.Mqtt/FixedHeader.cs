namespace FlameEdge.Mqtt;

/// <summary>What every MQTT packet begins with: its type and flags, and the length of the rest.</summary>
/// <param name="First">Type in the upper four bits, flags in the lower.</param>
/// <param name="Bytes">Bytes of this header.</param>
/// <param name="BodyBytes">Bytes of the rest.</param>
internal readonly record struct FixedHeader(byte First, int Bytes, int BodyBytes)
{
    private const int LongestLength = 4;

    /// <summary>Reads it; false while more bytes are needed.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out FixedHeader header)
    {
        header = default;
        if (bytes.Length < 2 || !TryReadLength(bytes[1..], out var length, out var lengthBytes))
        {
            return false;
        }

        header = new(bytes[0], 1 + lengthBytes, length);
        return true;
    }

    /// <summary>Reads a length of one to four bytes, seven bits each, the lowest first; false while more bytes are needed.</summary>
    /// <exception cref="MQTTnet.Exceptions.MqttProtocolViolationException">It has no end.</exception>
    public static bool TryReadLength(ReadOnlySpan<byte> bytes, out int length, out int lengthBytes)
    {
        (length, lengthBytes) = (0, 0);
        foreach (var part in bytes[..Math.Min(bytes.Length, LongestLength)])
        {
            length |= (part & 0x7F) << (7 * lengthBytes++);
            if (part < 0x80)
            {
                return true;
            }
        }

        return bytes.Length < LongestLength ? false : throw new MQTTnet.Exceptions.MqttProtocolViolationException("the broker sends a packet length that has no end");
    }
}
