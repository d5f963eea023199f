namespace FlameEdge.Collaborative.Drift;

/// <summary>Decides which classes a site asks for, and remembers whom it asked: one request per class in fifty batches, and the next helper at once where one was no good (our design).</summary>
public sealed class DemandBook(CanoeSettings settings, int classCount)
{
    /// <summary>A class of which fewer rows are stored is new here.</summary>
    public const int KnownFrom = 12;

    private const int Hysteresis = 50;
    private const int Window = 4;
    private const int OpenBatches = 30;
    private const int BorrowEvery = 500;
    private readonly long[] _asked = [.. Enumerable.Repeat(long.MinValue / 2, classCount)];
    private readonly long[] _appeared = [.. Enumerable.Repeat(long.MinValue / 2, classCount)];
    private readonly Dictionary<int, long> _pending = [];
    private readonly HashSet<string>[] _tried = [.. Enumerable.Range(0, classCount).Select(_ => new HashSet<string>(StringComparer.Ordinal))];
    private readonly int[] _refused = new int[classCount];
    private readonly HashSet<int> _again = [];
    private long _batch;
    private long _alarm = long.MinValue / 2;
    private long _borrowed = long.MinValue / 2;

    /// <summary>True within <see cref="CanoeSettings.AloneBatches"/> batches after a new label.</summary>
    public bool IsHurried => _batch - _appeared.Max() < settings.AloneBatches;

    /// <summary>True for a class that was new within <see cref="CanoeSettings.AloneBatches"/> batches.</summary>
    public bool IsOpen(int label) => _batch - _appeared[label] < settings.AloneBatches;

    /// <summary>New classes that are not learned for a while, because help for them is on its way. One helper may have been no good; after the second there is no more waiting.</summary>
    public IReadOnlySet<int> Frozen => _pending.Keys.Where(label => _refused[label] <= 1 && _batch - _appeared[label] < settings.FreezeBatches).ToHashSet();

    /// <summary>True while a first or second helper may still answer.</summary>
    public bool IsHopeful => _pending.Keys.Any(label => _refused[label] <= 1);

    /// <summary>Helpers that have been asked for a class.</summary>
    public IReadOnlyCollection<string> Tried(int label) => _tried[label];

    /// <summary>Begins a batch; says which classes are new in it. <paramref name="storedBefore"/>: rows stored of each class until now.</summary>
    public void Begin(ReadOnlySpan<int> labels, Func<int, long> storedBefore, bool alarm)
    {
        _batch++;
        _alarm = alarm ? _batch : _alarm;
        foreach (var label in labels)
        {
            if (storedBefore(label) < KnownFrom && _appeared[label] < 0)
            {
                _appeared[label] = _batch;
            }
        }
    }

    /// <summary>Classes to ask for now; they are pending from here on.</summary>
    /// <param name="recent">The last batches.</param>
    /// <param name="isServed">True for a class that has a specialist already.</param>
    public IReadOnlyList<int> Ask(RecentBatches recent, Func<int, bool> isServed)
    {
        foreach (var (label, since) in _pending.ToArray())
        {
            if (_batch - since >= settings.RequestTimeoutBatches)
            {
                _pending.Remove(label);
                _again.Add(label);
            }
        }

        int[] wanted = [.. Enumerable.Range(0, classCount).Where(label => !_pending.ContainsKey(label) && !isServed(label) && (_again.Contains(label) || (_batch - _asked[label] >= Hysteresis && IsWanted(label, recent))))];
        foreach (var label in wanted)
        {
            _again.Remove(label);
            _asked[label] = _batch;
            _pending[label] = _batch;
        }

        return wanted;
    }

    /// <summary>True where a whole model should be asked for: the known classes have become harder, close to an alarm, and not for the second time in 500 batches.</summary>
    public bool AskModel(bool isBroad)
    {
        if (!isBroad || _batch - _alarm > Window || _batch - _borrowed < BorrowEvery)
        {
            return false;
        }

        _borrowed = _batch;
        return true;
    }

    /// <summary>Help for a class has come, or nobody has any.</summary>
    public void Close(int label) => _pending.Remove(label);

    /// <summary>Help for a class was no good: the next helper is asked at once, this one no more.</summary>
    public void Retry(int label, string helper)
    {
        _pending.Remove(label);
        _refused[label]++;
        _tried[label].Add(helper);
        _again.Add(label);
    }

    private bool IsWanted(int label, RecentBatches recent)
    {
        if (recent.Seen(label) >= 1 && _batch - _appeared[label] < Window)
        {
            return true;
        }

        return settings.AsksForDipped && _batch - _alarm < Window && _batch - _appeared.Max() < OpenBatches && recent.Seen(label) >= 4 && recent.Recall(label) < 0.5;
    }
}
