using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Mqtt.Tests;

/// <summary>Keeps what was logged, so that a test can say what it did not expect.</summary>
internal sealed class TestLog : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> lines = [];

    public IEnumerable<string> Errors => lines.Where(line => line.Level >= LogLevel.Error).Select(line => line.Text);

    public IEnumerable<string> Warnings => lines.Where(line => line.Level == LogLevel.Warning).Select(line => line.Text);

    /// <summary>Waits until a line that fits has been logged.</summary>
    public async Task UntilAsync(Func<string, bool> fits)
    {
        using var bound = new CancellationTokenSource(FlameEdge.Testing.Channels.Seat.Bound);
        while (!lines.Any(line => fits(line.Text)))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, bound.Token);
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        lines.Enqueue((logLevel, formatter(state, exception)));

    public void Dispose()
    {
    }
}
