using Microsoft.Extensions.Logging;

namespace FlameEdge.Agent.Output;

/// <summary>Log lines, one each, on standard error: results stay alone on standard output. Warnings and errors, unless told otherwise.</summary>
internal sealed class Loggers(TextWriter error) : ILoggerFactory
{
    /// <summary>The least level that is written; may change at any time.</summary>
    public LogLevel Least { get; set; } = LogLevel.Warning;

    /// <summary>A factory that writes to <paramref name="error"/>.</summary>
    public static ILoggerFactory ToError(TextWriter error) => new Loggers(error);

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, error);

    public void AddProvider(ILoggerProvider provider)
    {
        // One way out is enough for a tool.
    }

    public void Dispose()
    {
        // The stream belongs to the caller.
    }

    private sealed class LineLogger(Loggers factory, TextWriter error) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= factory.Least && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                lock (error)
                {
                    error.WriteLine($"{logLevel.ToString().ToLowerInvariant()}: {formatter(state, exception).ReplaceLineEndings(" ")}");
                    error.Flush();
                }
            }
        }
    }
}
