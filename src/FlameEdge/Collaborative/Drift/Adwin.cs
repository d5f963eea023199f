namespace FlameEdge.Collaborative.Drift;

/// <summary>ADWIN: a window that keeps growing while its mean is one mean, and drops its oldest part where two parts differ.</summary>
/// <remarks>
/// The bucket form (ADWIN2): at most <c>bucketsPerRow</c> buckets of 2^row values in a row; on overflow the two oldest of the row merge. Cuts are tried between buckets from the oldest on;
/// a cut that holds drops the oldest bucket, and all is tried again. Memory is logarithmic in the window.
/// </remarks>
/// <seealso href="https://doi.org/10.1137/1.9781611972771.42">Bifet and Gavaldà 2007, section 3.2</seealso>
public sealed class Adwin(double confidence = 0.002, int minimumSubwindow = 5, int bucketsPerRow = 5, int checkEvery = 1) : IDriftDetector
{
    // Rows of buckets, the oldest bucket of a row first; row i holds sums of 2^i values.
    private readonly List<List<Bucket>> rows = [[]];
    private long count;
    private double sum;
    private double squares;
    private long sinceCheck;

    /// <summary>Values in the window.</summary>
    public long WindowCount => this.count;

    /// <summary>Mean of the window; 0 while it is empty.</summary>
    public double Mean => this.count == 0 ? 0 : this.sum / this.count;

    /// <inheritdoc/>
    public bool Add(double value)
    {
        rows[0].Add(new Bucket(value, value * value));
        this.count++;
        this.sum += value;
        squares += value * value;
        Merge();
        if (++sinceCheck < checkEvery)
        {
            return false;
        }

        sinceCheck = 0;
        var dropped = false;
        while (HasCut())
        {
            DropOldest();
            dropped = true;
        }

        return dropped;
    }

    private void Merge()
    {
        for (var row = 0; row < rows.Count && rows[row].Count > bucketsPerRow; row++)
        {
            if (row + 1 == rows.Count)
            {
                rows.Add([]);
            }

            var (first, second) = (rows[row][0], rows[row][1]);
            rows[row].RemoveRange(0, 2);
            rows[row + 1].Add(new Bucket(first.Sum + second.Sum, first.Squares + second.Squares));
        }
    }

    private bool HasCut()
    {
        var (count, sum) = (0L, 0.0);
        for (var row = rows.Count - 1; row >= 0; row--)
        {
            foreach (var bucket in rows[row])
            {
                count += 1L << row;
                sum += bucket.Sum;
                if (count >= minimumSubwindow && this.count - count >= minimumSubwindow && Differ(count, sum))
                {
                    return true;
                }
            }
        }

        return false;
    }

    // ε = √(2/m · σ² · ln(2/δ')) + 2/(3m) · ln(2/δ'), 1/m = 1/n₀ + 1/n₁, δ' = δ / ln n.
    private bool Differ(long oldCount, double oldSum)
    {
        var newCount = this.count - oldCount;
        var mean = this.sum / this.count;
        var variance = Math.Max(0, (squares / this.count) - (mean * mean));
        var inverse = (1.0 / oldCount) + (1.0 / newCount);
        var log = Math.Log(2 * Math.Log(this.count) / confidence);
        var bound = Math.Sqrt(2 * inverse * variance * log) + (2.0 / 3 * inverse * log);
        return Math.Abs((oldSum / oldCount) - ((this.sum - oldSum) / newCount)) > bound;
    }

    private void DropOldest()
    {
        var row = rows.Count - 1;
        var oldest = rows[row][0];
        rows[row].RemoveAt(0);
        this.count -= 1L << row;
        this.sum -= oldest.Sum;
        squares -= oldest.Squares;
        while (rows.Count > 1 && rows[^1].Count == 0)
        {
            rows.RemoveAt(rows.Count - 1);
        }
    }

    private readonly record struct Bucket(double Sum, double Squares);
}
