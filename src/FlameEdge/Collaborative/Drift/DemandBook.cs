using FlameEdge.Collaborative.Snapshots;

namespace FlameEdge.Collaborative.Drift;

/// <summary>Decides which classes a site asks for, and remembers whom it asked: one request per class in fifty batches, and the next helper at once where one was no good (our design).</summary>
public sealed class DemandBook(CanoeSettings settings, int classCount) : IRemembered
{
    /// <summary>A class of which fewer rows are stored is new here.</summary>
    public const int KnownFrom = 12;

    private const int Hysteresis = 50;
    private const int Window = 4;
    private const int OpenBatches = 30;
    private const int BorrowEvery = 500;
    private readonly long[] asked = [.. Enumerable.Repeat(long.MinValue / 2, classCount)];
    private readonly long[] appeared = [.. Enumerable.Repeat(long.MinValue / 2, classCount)];
    private readonly Dictionary<int, long> pending = [];
    private readonly HashSet<string>[] tried = [.. Enumerable.Range(0, classCount).Select(_ => new HashSet<string>(StringComparer.Ordinal))];
    private readonly int[] refused = new int[classCount];
    private readonly HashSet<int> again = [];
    private readonly HashSet<int> unhelped = [];
    private long batch;
    private long alarm = long.MinValue / 2;
    private long borrowed = long.MinValue / 2;

    /// <summary>True within <see cref="CanoeSettings.AloneBatches"/> batches after a new label.</summary>
    public bool IsHurried => this.batch - appeared.Max() < settings.AloneBatches;

    /// <summary>True where no label was new and no alarm sounded for <see cref="CanoeSettings.AloneBatches"/> batches.</summary>
    public bool IsSettled => this.batch - Math.Max(appeared.Max(), this.alarm) >= settings.AloneBatches;

    /// <summary>True for a class that was new within <see cref="CanoeSettings.AloneBatches"/> batches.</summary>
    public bool IsOpen(int label) => this.batch - appeared[label] < settings.AloneBatches;

    /// <summary>New classes that are not learned for a while, because help for them is on its way. One helper may have been no good; after the second there is no more waiting.</summary>
    public IReadOnlySet<int> Frozen => this.pending.Keys.Where(label => refused[label] <= 1 && this.batch - appeared[label] < settings.FreezeBatches).ToHashSet();

    /// <summary>True while a first or second helper may still answer.</summary>
    public bool IsHopeful => this.pending.Keys.Any(label => refused[label] <= 1);

    /// <summary>Helpers that have been asked for a class.</summary>
    public IReadOnlyCollection<string> Tried(int label) => tried[label];

    /// <summary>Begins a batch; says which classes are new in it. <paramref name="storedBefore"/>: rows stored of each class until now.</summary>
    public void Begin(ReadOnlySpan<int> labels, Func<int, long> storedBefore, bool alarm)
    {
        this.batch++;
        this.alarm = alarm ? this.batch : this.alarm;
        foreach (var label in labels)
        {
            if (storedBefore(label) < KnownFrom && appeared[label] < 0)
            {
                appeared[label] = this.batch;
            }
        }
    }

    /// <summary>Classes to ask for now; they are pending from here on.</summary>
    /// <param name="recent">The last batches.</param>
    /// <param name="isServed">True for a class that has a specialist already.</param>
    public IReadOnlyList<int> Ask(RecentBatches recent, Func<int, bool> isServed)
    {
        foreach (var (label, since) in this.pending.ToArray())
        {
            if (this.batch - since >= settings.RequestTimeoutBatches)
            {
                this.pending.Remove(label);
                again.Add(label);
            }
        }

        int[] wanted = [.. Enumerable.Range(0, classCount).Where(label => !this.pending.ContainsKey(label) && !isServed(label) && (again.Contains(label) || (this.batch - this.asked[label] >= Hysteresis && IsWanted(label, recent))))];
        foreach (var label in wanted)
        {
            again.Remove(label);
            this.asked[label] = this.batch;
            this.pending[label] = this.batch;
        }

        return wanted;
    }

    /// <summary>Classes to ask for where no labels say what is new: those of which next to nothing is stored, once in fifty batches.</summary>
    public IReadOnlyList<int> AskUnseen(Func<int, long> stored)
    {
        int[] unseen = [.. Enumerable.Range(0, classCount).Where(label => stored(label) < KnownFrom && !this.pending.ContainsKey(label) && this.batch - this.asked[label] >= Hysteresis)];
        foreach (var label in unseen)
        {
            this.asked[label] = this.batch;
        }

        return unseen;
    }

    /// <summary>Classes whose specialist should be brought up to date: close to an alarm, recall below one half, and not asked for in the last fifty batches.</summary>
    public IReadOnlyList<int> AskRefresh(RecentBatches recent, Func<int, bool> isServed)
    {
        int[] stale = [.. Enumerable.Range(0, classCount).Where(label => settings.AsksToRefresh && isServed(label) && this.batch - this.asked[label] >= Hysteresis && this.batch - this.alarm < Window && recent.Seen(label) >= 4 && recent.Recall(label) < 0.5)];
        foreach (var label in stale)
        {
            this.asked[label] = this.batch;
        }

        return stale;
    }

    /// <summary>True where a whole model should be asked for: the known classes have become harder, close to an alarm, and not for the second time in 500 batches.</summary>
    public bool AskModel(bool isBroad)
    {
        if (!isBroad || this.batch - this.alarm > Window || this.batch - borrowed < BorrowEvery)
        {
            return false;
        }

        borrowed = this.batch;
        return true;
    }

    /// <summary>Help for a class has come.</summary>
    public void Close(int label)
    {
        this.pending.Remove(label);
        unhelped.Remove(label);
    }

    /// <summary>Nobody has help for a class now; whoever keeps standing requests may have some later.</summary>
    public void GiveUp(int label)
    {
        this.pending.Remove(label);
        unhelped.Add(label);
    }

    /// <summary>Help for a class was no good: the next helper is asked at once, this one no more.</summary>
    public void Retry(int label, string helper)
    {
        this.pending.Remove(label);
        refused[label]++;
        tried[label].Add(helper);
        again.Add(label);
    }

    void IRemembered.Write(SnapshotWriter writer)
    {
        writer.Whole(classCount);
        for (var label = 0; label < classCount; label++)
        {
            writer.Long(this.asked[label]);
            writer.Long(appeared[label]);
            writer.Whole(refused[label]);
            writer.Items(tried[label], writer.Text);
        }

        writer.Wholes([.. this.pending.Keys.Union(again).Union(unhelped)]);
        writer.Long(this.batch);
        writer.Long(this.alarm);
        writer.Long(borrowed);
    }

    // Whom it was waiting for knows nothing of the new life: what was pending or stood unanswered is asked again.
    void IRemembered.Read(SnapshotReader reader)
    {
        SnapshotReader.Require(reader.Whole() == classCount, "it has other classes");
        for (var label = 0; label < classCount; label++)
        {
            (this.asked[label], appeared[label], refused[label]) = (reader.Long(), reader.Long(), reader.Whole());
            tried[label].Clear();
            tried[label].UnionWith(reader.Items(reader.Text));
        }

        this.pending.Clear();
        unhelped.Clear();
        again.Clear();
        again.UnionWith(reader.Wholes());
        (this.batch, this.alarm, borrowed) = (reader.Long(), reader.Long(), reader.Long());
    }

    private bool IsWanted(int label, RecentBatches recent)
    {
        if (recent.Seen(label) >= 1 && this.batch - appeared[label] < Window)
        {
            return true;
        }

        return settings.AsksForDipped && this.batch - this.alarm < Window && this.batch - appeared.Max() < OpenBatches && recent.Seen(label) >= 4 && recent.Recall(label) < 0.5;
    }
}
