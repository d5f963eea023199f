namespace FlameEdge.Mqtt.Access;

/// <summary>Writes an access list in the words of one broker product.</summary>
public interface IAccessWriter
{
    /// <summary>What <c>--broker-type</c> calls it.</summary>
    string Product { get; }

    /// <summary>What to do with the text, in one line.</summary>
    string Advice { get; }

    /// <summary>The text, ending with a line break.</summary>
    string Write(AccessList list);
}
