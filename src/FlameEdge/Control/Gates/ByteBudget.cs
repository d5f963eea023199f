using System.Globalization;
using System.Text.Json;
using FlameEdge.State;

namespace FlameEdge.Control.Gates;

/// <summary>Counts a day's bytes over the broker, durably. The day is the device's own.</summary>
/// <remarks>Thread-safe. The count is saved when told; a kill forgets what came since. A clock set back does not forgive what was spent: the count goes on.</remarks>
public sealed class ByteBudget
{
    private const string Collection = "budget";
    private const string Key = "today";
    private readonly IStateStore state;
    private readonly TimeProvider time;
    private readonly Func<long> counter;
    private readonly Lock gate = new();
    private long counted;
    private string day;
    private long spent;
    private long saved = -1;

    private ByteBudget(IStateStore state, TimeProvider time, Func<long> counter, string day, long spent)
    {
        this.state = state;
        this.time = time;
        this.counter = counter;
        this.day = day;
        this.spent = spent;
        counted = counter();
    }

    /// <summary>Bytes spent today, both ways.</summary>
    public long BytesToday
    {
        get
        {
            lock (gate)
            {
                Count();
                return spent;
            }
        }
    }

    /// <summary>Goes on where the state says that the day stands.</summary>
    /// <param name="state">Where the count is kept.</param>
    /// <param name="time">The clock; days are of its local zone.</param>
    /// <param name="counter">Bytes since the process started, both ways; never falls.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<ByteBudget> OpenAsync(IStateStore state, TimeProvider time, Func<long> counter, CancellationToken cancellationToken)
    {
        var (day, spent) = Read(await state.ReadAsync(Collection, Key, cancellationToken)) ?? (Today(time), 0);
        return new(state, time, counter, day, spent);
    }

    /// <summary>Saves the count where it has changed; to be called every minute or so, and at the end.</summary>
    public async Task SaveAsync(CancellationToken cancellationToken)
    {
        (string Day, long Spent) now;
        lock (gate)
        {
            Count();
            if (spent == saved)
            {
                return;
            }

            now = (day, spent);
            saved = spent;
        }

        await state.CommitAsync([new StateChange(Collection, Key, System.Text.Encoding.ASCII.GetBytes($$"""{"day":"{{now.Day}}","bytes":{{now.Spent}}}"""))], cancellationToken);
    }

    private static string Today(TimeProvider time) => time.GetLocalNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static (string Day, long Spent)? Read(byte[]? json)
    {
        if (json is null)
        {
            return null;
        }

        var root = JsonDocument.Parse(json).RootElement;
        return (root.GetProperty("day").GetString()!, root.GetProperty("bytes").GetInt64()); // We wrote it, and the store checks what it reads.
    }

    private void Count()
    {
        var (total, today) = (counter(), Today(time));
        var more = Math.Max(0, total - counted);
        counted = total;
        spent = string.CompareOrdinal(today, day) > 0 ? more : spent + more;
        day = today;
    }
}
