namespace FlameEdge.Cli.Tests.BadInput;

/// <summary>A row of the table of bad input.</summary>
/// <param name="What">What is wrong, in a few words: the row's name.</param>
/// <param name="Spoil">Spoils a sound arrangement.</param>
/// <param name="Arguments">Added behind <c>run JOB --out OUT --format json</c>.</param>
/// <param name="Code">The exit code.</param>
/// <param name="Named">What the last line must name: the thing, and the remedy.</param>
internal sealed record BadCase(string What, Action<Bench> Spoil, string[] Arguments, int Code, params string[] Named)
{
    /// <summary>Runs it and looks at everything it must keep to.</summary>
    public async Task CheckAsync()
    {
        using var bench = new Bench();
        Spoil(bench);

        var outcome = await Outcome.OfAsync(["run", bench["job.yaml"], "--out", bench.Out, "--format", "json", .. Arguments.Select(argument => argument.Replace("{folder}", bench["."], StringComparison.Ordinal))]);

        outcome.IsRefusal(Code, Named);
        Outcome.HasNoResults(bench.Out);
    }
}
