namespace FlameEdge.Channels;

/// <summary>Bounds that hold on every backend.</summary>
public static class MessageLimits
{
    /// <summary>The longest head: a head is read whole before anything is decided about the body.</summary>
    public const int HeadBytes = 16 * 1024;

    /// <summary>Refuses a message no backend would carry.</summary>
    /// <exception cref="ArgumentException">The head is too long.</exception>
    public static void Require(Message message)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (message.Head.Length > HeadBytes)
        {
            throw new ArgumentException($"a message's head holds at most {HeadBytes} bytes, this one has {message.Head.Length}; move the bulk into the body", nameof(message));
        }
    }
}
