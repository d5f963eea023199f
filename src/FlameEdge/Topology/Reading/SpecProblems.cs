namespace FlameEdge.Topology.Reading;

/// <summary>Something a job cannot work with: where it stands, what it is, and what to do about it.</summary>
public sealed record SpecProblem(SpecPosition Position, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Position}: {Message}";
}

/// <summary>Everything found while a job is read: problems, which refuse it, and notes, which do not.</summary>
public sealed class SpecProblems
{
    /// <summary>How many are kept; further ones are only counted, since a hundred lines are enough to know that a file is wrong.</summary>
    public const int Kept = 100;

    private readonly List<SpecProblem> problems = [];
    private readonly List<string> notes = [];
    private readonly HashSet<SpecProblem> known = [];

    /// <summary>The problems, in the order they were found.</summary>
    public IReadOnlyList<SpecProblem> All => problems;

    /// <summary>Problems found, kept or not.</summary>
    public int Count { get; private set; }

    /// <summary>What the reader did that the author may not expect, such as a changed name.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>Notes made, kept or not.</summary>
    public int NoteCount { get; private set; }

    /// <summary>True where nothing refuses the job.</summary>
    public bool IsEmpty => Count == 0;

    /// <summary>True while another problem would still be kept; suggestions are not worth computing otherwise.</summary>
    internal bool HasRoom => Count < Kept;

    /// <summary>Reports a problem at a node.</summary>
    public void Add(SpecNode at, string message) => Add(at.Position, message);

    /// <summary>Reports a problem at a place; the same one again adds nothing.</summary>
    public void Add(SpecPosition at, string message)
    {
        var problem = new SpecProblem(at, message);
        if (!known.Add(problem))
        {
            return;
        }

        Count++;
        if (problems.Count < Kept)
        {
            problems.Add(problem);
        }
    }

    /// <summary>Tells the author something that refuses nothing.</summary>
    public void Note(string message)
    {
        if (NoteCount < Kept)
        {
            notes.Add(message);
        }

        NoteCount++;
    }

    /// <summary>" (did you mean 'x'?)" with the nearest of <paramref name="candidates"/>, or nothing.</summary>
    internal string Hint(string name, IEnumerable<string> candidates) =>
        HasRoom && NearestName.Of(name, candidates) is { } nearest ? $" (did you mean '{nearest}'?)" : "";
}
