/** TR-069 A.4.1? Asks for an Inform with the event `M ScheduleInform`. */
export interface ScheduleInform {
  readonly kind: 'schedule_inform'
  /** Greater than 0. */
  readonly delaySeconds: number
  readonly commandKey: string
}

export interface ScheduleInformResponse {
  readonly kind: 'schedule_inform_response'
}
