namespace FlameEdge.Hosting.Agents;

/// <summary>Bytes over the broker today, both ways, as the channels of all workers count them; starts anew at local midnight. Thread-safe.</summary>
public sealed class ByteCount(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly List<MeteredBackend> open = [];
    private int day;
    private long before;

    /// <summary>Bytes since midnight.</summary>
    public long Today
    {
        get
        {
            lock (gate)
            {
                Turn();
                return before + open.Sum(backend => backend.Unread);
            }
        }
    }

    /// <summary>The local day they belong to: days since 0001-01-01.</summary>
    public int Day
    {
        get
        {
            lock (gate)
            {
                Turn();
                return day;
            }
        }
    }

    /// <summary>Goes on from what was counted before a restart; another day's count is forgotten.</summary>
    internal void GoOn(int countedDay, long bytes)
    {
        lock (gate)
        {
            Turn();
            before += countedDay == day ? bytes : 0;
        }
    }

    internal void Add(MeteredBackend backend)
    {
        lock (gate)
        {
            open.Add(backend);
        }
    }

    internal void Close(MeteredBackend backend)
    {
        lock (gate)
        {
            Turn();
            before += backend.Read();
            open.Remove(backend);
        }
    }

    private void Turn()
    {
        var today = DateOnly.FromDateTime(time.GetLocalNow().DateTime).DayNumber;
        if (today == day)
        {
            return;
        }

        day = today;
        before = 0;
        foreach (var backend in open)
        {
            backend.Read();
        }
    }
}
