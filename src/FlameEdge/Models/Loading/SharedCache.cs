namespace FlameEdge.Models.Loading;

/// <summary>Values that several callers want at once and nobody wants to compute twice; the least recently used leave first.</summary>
/// <remarks>Thread-safe: of callers with the same key one computes and the others wait. A failure is not kept: a repaired file loads.</remarks>
internal sealed class SharedCache(long budgetBytes)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private long _clock;

    /// <summary>The value of a key, computed by <paramref name="make"/> where it is not there yet.</summary>
    public T Get<T>(string key, Func<T> make, Func<T, long> sizeBytes)
        where T : class
    {
        var entry = Enter(key, () => make());
        try
        {
            var value = (T)entry.Value.Value;
            Settle(key, entry, sizeBytes(value));
            return value;
        }
        catch
        {
            Leave(key, entry);
            throw;
        }
    }

    private Entry Enter(string key, Func<object> make)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(key, out var entry))
            {
                entry = new Entry(new Lazy<object>(make, LazyThreadSafetyMode.ExecutionAndPublication));
                _entries.Add(key, entry);
            }

            entry.LastUsed = ++_clock;
            return entry;
        }
    }

    private void Leave(string key, Entry entry)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(key, out var current) && ReferenceEquals(current, entry))
            {
                _entries.Remove(key);
            }
        }
    }

    private void Settle(string key, Entry entry, long bytes)
    {
        lock (_gate)
        {
            entry.Bytes = bytes;
            var total = _entries.Values.Sum(other => other.Bytes);
            foreach (var (oldKey, old) in _entries.Where(pair => pair.Key != key && pair.Value.Bytes > 0).OrderBy(pair => pair.Value.LastUsed).ToList())
            {
                if (total <= budgetBytes)
                {
                    return;
                }

                _entries.Remove(oldKey);
                total -= old.Bytes;
            }
        }
    }

    private sealed class Entry(Lazy<object> value)
    {
        public Lazy<object> Value { get; } = value;

        public long Bytes { get; set; }

        public long LastUsed { get; set; }
    }
}
