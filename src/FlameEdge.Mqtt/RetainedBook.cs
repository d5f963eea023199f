namespace FlameEdge.Mqtt;

/// <summary>The originals of what this agent has posted retained: brokers lose their copies.</summary>
internal sealed class RetainedBook
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, byte[]> originals = [];

    /// <summary>Keeps what stands under a topic.</summary>
    public void Keep(string topic, byte[] payload)
    {
        lock (gate)
        {
            originals[topic] = payload;
        }
    }

    /// <summary>Nothing stands under this topic any more.</summary>
    public void Drop(string topic)
    {
        lock (gate)
        {
            originals.Remove(topic);
        }
    }

    /// <summary>What should stand under a topic; null where nothing of ours.</summary>
    public byte[]? Find(string topic)
    {
        lock (gate)
        {
            return originals.GetValueOrDefault(topic);
        }
    }

    /// <summary>Everything, to be posted again.</summary>
    public KeyValuePair<string, byte[]>[] All()
    {
        lock (gate)
        {
            return [.. originals];
        }
    }
}
